import { parse } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RequestError } from '#src/errors.ts';
import type { Job } from '#src/jobs/job.ts';
import { labelOf, type Segment, type TranscriptFormat, transcriptOf } from '#src/jobs/transcript.ts';
import { type Guidelines, guidelineNames, guidelines } from '#src/transcripts/render/guidelines.ts';
import { render } from '#src/transcripts/render/render.ts';
import type { Context, RequestContext } from './context.ts';

/** How a transcript is wanted; null is the same as absent. */
export interface TranscriptArguments {
  readonly format?: TranscriptFormat | null | undefined;
  readonly maxLineWidth?: number | null | undefined;
  readonly maxLineCount?: number | null | undefined;
  readonly speakers?: boolean | null | undefined;
  readonly maxCharactersPerSecond?: number | null | undefined;
  readonly minCueSeconds?: number | null | undefined;
  readonly maxCueSeconds?: number | null | undefined;
}

/** What is read from, and the end of the reading where the client may leave. */
type Reading = Pick<Context, 'store'> & Partial<Pick<RequestContext, 'signal' | 'spend'>>;

/**
 * The transcript in a format, piece by piece; null until the job has a segment or is COMPLETED. BAD_USER_INPUT for guidelines that cannot be.
 *
 * The segments are those that `job` counts, also where more arrive meanwhile; NOT_FOUND is thrown where they are taken away.
 */
export function renderTranscript(
  job: Job,
  { format, speakers, ...wanted }: TranscriptArguments,
  { store, signal }: Reading,
): AsyncIterable<string> | null {
  const rules = checkGuidelines(wanted);
  if (job.segmentCount === 0 && job.status !== 'COMPLETED') return null;
  const language = job.language?.code ?? null;
  return render(format ?? 'TXT', {
    segments: withNames(job, store, signal),
    title: titleOf(job),
    language,
    speakers: speakers ?? false,
    ...rules,
  });
}

/** Where the same is downloaded as a file, relative to the server's address, by who asks. BAD_USER_INPUT for guidelines that cannot be. */
export function transcriptUrl(
  { id }: Pick<Job, 'id'>,
  args: TranscriptArguments,
  { urls, caller }: Pick<RequestContext, 'urls' | 'caller'>,
): string {
  const { format, ...options } = args;
  checkGuidelines(args);
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [[name, String(value)]],
  );
  const query = new URLSearchParams(given).toString();
  const path = `/jobs/${id}/transcript.${(format ?? 'TXT').toLowerCase()}`;
  return urls.sign(query === '' ? path : `${path}?${query}`, caller);
}

/** What a job is called, else its recording. */
export function titleOf({ title, media }: Pick<Job, 'title' | 'media'>): string {
  return title?.trim() || parse(media.name).name;
}

/** The transcript in a format as one text. */
export async function readTranscript(job: Job, args: TranscriptArguments, context: Reading): Promise<string | null> {
  const pieces = renderTranscript(job, args, context);
  if (pieces === null) return null;
  const whole: string[] = [];
  for await (const piece of pieces) {
    context.spend?.(piece.length);
    whole.push(piece);
  }
  return whole.join('');
}

/** Reading and rendering so many takes 5 ms where lines are broken (bench/render.ts); then others have their turn. */
const segmentsAtOnce = 50;

/** The segments that a job counts, in turn with everybody else. NOT_FOUND is thrown where they are taken away, SERVICE_UNAVAILABLE where others come in their place. */
export async function* segmentsOf(
  { id, segmentCount, status }: Job,
  store: Context['store'],
  signal: AbortSignal | undefined,
): AsyncGenerator<Segment> {
  let after: string | undefined;
  let transcript: string | undefined;
  for (let left = segmentCount; left > 0; await nextTurn()) {
    signal?.throwIfAborted();
    const limit = Math.min(left, segmentsAtOnce);
    const page = await store.segments(id, { limit, ...(after === undefined ? {} : { after }) });
    const read = page[0] && transcriptOf(page[0].item);
    transcript ??= read;
    if (read !== undefined && read !== transcript) throw madeAnew();
    if (page.length < limit) {
      if ((await store.job(id)) !== null) throw madeAnew();
      throw new RequestError('NOT_FOUND', 'The segments were deleted while they were read.');
    }
    for (const { item } of page) yield item;
    after = page.at(-1)?.key;
    left -= page.length;
  }
  // Nothing is added to it: what is there beyond its count belongs to another transcript, and so does what was read.
  if (status === 'COMPLETED' && after !== undefined && (await store.segments(id, { limit: 1, after })).length > 0)
    throw madeAnew();
}

function madeAnew(): RequestError {
  return new RequestError('SERVICE_UNAVAILABLE', 'The transcript was made anew while it was read.', 'Read it again.');
}

/** The same with what speakers are called instead of their keys. */
async function* withNames(job: Job, store: Context['store'], signal: AbortSignal | undefined): AsyncGenerator<Segment> {
  const [speakers = []] = await store.speakersOf([job.id]);
  const labels = new Map(speakers.map((speaker) => [speaker.key, labelOf(speaker)]));
  const nameOf = (key: string | null) => (key === null ? null : (labels.get(key) ?? labelOf({ key, name: null })));
  for await (const segment of segmentsOf(job, store, signal)) {
    const words = segment.words?.map((word) => ({ ...word, speaker: nameOf(word.speaker) })) ?? null;
    yield speakers.length === 0 ? segment : { ...segment, speaker: nameOf(segment.speaker), words };
  }
}

const ranges: Readonly<Record<keyof Guidelines, readonly [number, number]>> = {
  maxLineWidth: [8, 1000],
  maxLineCount: [1, 100],
  maxCharactersPerSecond: [1, 1000],
  minCueSeconds: [0, 60],
  maxCueSeconds: [1, 3600],
};

/** The guidelines of a transcript: those that are asked for, else the usual ones. */
function checkGuidelines(wanted: TranscriptArguments): Guidelines {
  const given: Record<keyof Guidelines, number> = { ...guidelines };
  for (const name of guidelineNames) {
    const value = wanted[name] ?? null;
    const [min, max] = ranges[name];
    if (value === null) continue;
    if (value < min || value > max) throw new RequestError('BAD_USER_INPUT', `${name} must be from ${min} to ${max}.`);
    given[name] = value;
  }
  if (given.minCueSeconds > given.maxCueSeconds) {
    throw new RequestError(
      'BAD_USER_INPUT',
      `minCueSeconds (${given.minCueSeconds}) must not be above maxCueSeconds (${given.maxCueSeconds}).`,
    );
  }
  return given;
}
