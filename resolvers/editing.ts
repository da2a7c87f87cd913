import { z } from 'zod';
import { JobNotFoundError, RequestError } from '#src/errors.ts';
import type { Job, SpeakerBounds } from '#src/jobs/job.ts';
import type { SegmentEdit, Speaker } from '#src/jobs/transcript.ts';
import { subscribe } from '#src/store/notifier.ts';
import type { Edited } from '#src/store/store.ts';
import type { Context, RequestContext } from './context.ts';
import { checkInput, readSpeakerBounds } from './input.ts';

/** What tells which transcript a client means: its job, and the last event that the client has seen of it. */
interface TranscriptRef {
  readonly jobId: string;
  readonly seenSeq?: number | null | undefined;
}

/** An edit as a client gives it. Null times and a null text are refused; a null speaker = nobody. */
export type SegmentEditInput = Readonly<Record<'index', number> & Partial<Record<keyof SegmentEdit, unknown>>>;

/** Whether a text has a character that is drawn; of others nothing is left in subtitles, and nobody finds them on a page. */
function isSeen(text: string): boolean {
  return /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}]/u.test(text);
}

const editsSchema = z
  .array(
    z.object({
      index: z.int(),
      text: z.string().trim().max(10_000).refine(isSeen, 'must not be blank: segments are not removed').optional(),
      speaker: z.string().max(200).nullable().optional(),
      startSeconds: z.number().optional(),
      endSeconds: z.number().optional(),
    }),
  )
  .max(500);

/** Changes segments of a job that has ended, all or none. Throws JobNotFoundError, JobStatusError, InvalidInputError. */
export async function editSegments(
  { jobId, edits, seenSeq }: TranscriptRef & { readonly edits: readonly SegmentEditInput[] },
  { store }: Pick<Context, 'store'>,
): Promise<Edited> {
  const checked = checkInput(editsSchema, edits, 'edits').map(withoutAbsent);
  return found(await store.editSegments(jobId, checked, seenSeq ?? null));
}

/** Zod has a key for what is absent, too. */
function withoutAbsent({ index, ...edit }: z.infer<typeof editsSchema>[number]): SegmentEdit {
  return { index, ...Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== undefined)) };
}

/** Makes segments, or all of them, what the engine heard. Throws JobNotFoundError, JobStatusError, InvalidInputError. */
export async function revertSegments(
  { jobId, indexes, seenSeq }: TranscriptRef & { readonly indexes?: readonly number[] | null | undefined },
  { store }: Pick<Context, 'store'>,
): Promise<Edited> {
  return found(await store.revertSegments(jobId, indexes ?? null, seenSeq ?? null));
}

const nameSchema = z.string().trim().max(100).refine(isSeen, 'must not be blank: null is the label again').nullish();

/** Names a speaker; null = the label again. Throws JobNotFoundError, InvalidInputError. */
export async function renameSpeaker(
  { jobId, key, name }: { readonly jobId: string; readonly key: string; readonly name?: string | null | undefined },
  { store }: Pick<Context, 'store'>,
): Promise<{ readonly job: Job; readonly speaker: Speaker }> {
  return found(await store.renameSpeaker(jobId, key, checkInput(nameSchema, name, 'name') ?? null));
}

const keysSchema = z.array(z.string().max(200)).min(1).max(20);

/** Has one speaker say what others said. Throws JobNotFoundError, JobStatusError, InvalidInputError. */
export async function mergeSpeakers(
  { jobId, keys, into, seenSeq }: TranscriptRef & { readonly keys: readonly string[]; readonly into: string },
  { store }: Pick<Context, 'store'>,
): Promise<{ readonly job: Job }> {
  const merge = { keys: checkInput(keysSchema, keys, 'keys'), into };
  return { job: found(await store.mergeSpeakers(jobId, merge, seenSeq ?? null)) };
}

/** Has a worker tell the speakers of a job apart again, and waits for it. Throws JobNotFoundError, JobStatusError, InvalidInputError, RequestError. */
export async function detectSpeakers(
  { jobId, minSpeakers, maxSpeakers }: Pick<TranscriptRef, 'jobId'> & SpeakerBoundsInput,
  { store, notifier, signal }: Pick<RequestContext, 'store' | 'notifier' | 'signal'>,
): Promise<{ readonly job: Job }> {
  const bounds = readSpeakerBounds({ minSpeakers, maxSpeakers });
  using subscription = subscribe(notifier, 'job', jobId);
  const id = found(await store.requestDetection(jobId, bounds));
  try {
    for (;;) {
      const state = await store.awaitDetection(id);
      if (state?.kind === 'DONE') return { job: found(await store.job(jobId)) };
      if (state === null) found(await store.job(jobId));
      if (state?.kind !== 'OPEN') throw notDetected(state?.problem ?? 'The worker that was to do it is gone.');
      await subscription.changes(AbortSignal.any([signal, AbortSignal.timeout(lookMs)]));
      signal.throwIfAborted();
    }
  } finally {
    // What cannot be withdrawn ends as what nobody waits for.
    await store.withdrawDetection(id).catch(() => undefined);
  }
}

/** For what this process is not told of. */
const lookMs = 1000;

function notDetected(problem: string): RequestError {
  const hint = 'Everything is as it was. Try again; the log of the server tells more.';
  return new RequestError('SERVICE_UNAVAILABLE', `The speakers could not be told apart. ${problem}`, hint);
}

type SpeakerBoundsInput = Readonly<Partial<Record<keyof SpeakerBounds, number | null | undefined>>>;

function found<T>(result: T | null): T {
  if (result === null) throw new JobNotFoundError();
  return result;
}
