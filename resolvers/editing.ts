import { z } from 'zod';
import { JobNotFoundError } from '#src/errors.ts';
import type { Job } from '#src/jobs/job.ts';
import type { SegmentEdit, Speaker } from '#src/jobs/transcript.ts';
import type { Edited, SpeakerBounds } from '#src/store/store.ts';
import type { Context } from './context.ts';
import { checkInput, readSpeakerBounds } from './input.ts';

/** What tells which transcript a client means: its job, and the last event that the client has seen of it. */
interface TranscriptRef {
  readonly jobId: string;
  readonly seenSeq?: number | null | undefined;
}

/** An edit as a client gives it. Null times and a null text are refused; a null speaker = nobody. */
export type SegmentEditInput = Readonly<Record<'index', number> & Partial<Record<keyof SegmentEdit, unknown>>>;

const editsSchema = z
  .array(
    z.object({
      index: z.int(),
      text: z.string().trim().min(1, 'must not be blank: segments are not removed').max(10_000).optional(),
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

const nameSchema = z.string().trim().min(1, 'must have 1 to 100 characters').max(100).nullish();

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

/** Tells the speakers of a job apart again. Throws JobNotFoundError, JobStatusError, InvalidInputError, RequestError. */
export async function detectSpeakers(
  { jobId, minSpeakers, maxSpeakers }: Pick<TranscriptRef, 'jobId'> & SpeakerBoundsInput,
  { detectSpeakers: detect }: Pick<Context, 'detectSpeakers'>,
): Promise<{ readonly job: Job }> {
  return { job: found(await detect(jobId, readSpeakerBounds({ minSpeakers, maxSpeakers }))) };
}

type SpeakerBoundsInput = Readonly<Partial<Record<keyof SpeakerBounds, number | null | undefined>>>;

function found<T>(result: T | null): T {
  if (result === null) throw new JobNotFoundError();
  return result;
}
