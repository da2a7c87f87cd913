import type { Context } from '#src/context.ts';
import { RequestError } from '#src/errors.ts';
import type { Job, JobStatus } from '#src/job.ts';
import { render } from '#src/render/render.ts';
import type { JobFilter } from '#src/store/port.ts';
import type { Segment, TranscriptFormat } from '#src/transcript.ts';
import { loadPage, type Connection, type PageArguments } from './page.ts';

/** Filter of jobs as a client gives it: null is the same as absent. */
export interface JobFilterInput {
  readonly ids?: readonly string[] | null | undefined;
  readonly status?: readonly JobStatus[] | null | undefined;
}

/** The filter as the store takes it. */
export function readFilter(input: JobFilterInput | null | undefined): JobFilter {
  return {
    ...(input?.ids ? { ids: input.ids } : {}),
    ...(input?.status ? { status: input.status } : {}),
  };
}

/** Newest first. */
export async function listJobs(
  { filter, ...page }: PageArguments & { readonly filter?: JobFilterInput | null | undefined },
  { store }: Pick<Context, 'store'>,
): Promise<Connection<Job> & { readonly filter: JobFilter }> {
  const wanted = readFilter(filter);
  const list = { name: 'jobs', max: 100, load: store.jobs.bind(store, wanted) };
  return { ...(await loadPage(list, page)), filter: wanted };
}

/** Segments of a job in the order of time. */
export async function listSegments(
  { jobId, ...page }: PageArguments & { readonly jobId: string },
  { store }: Pick<Context, 'store'>,
): Promise<Connection<Segment>> {
  return loadPage({ name: `segments:${jobId}`, max: 1000, load: store.segments.bind(store, jobId) }, page);
}

const segmentsAtOnce = 1000;

/** How a transcript is wanted; null is the same as absent. */
export interface TranscriptArguments {
  readonly format?: TranscriptFormat | null | undefined;
  readonly maxLineWidth?: number | null | undefined;
  readonly maxLineCount?: number | null | undefined;
  readonly speakers?: boolean | null | undefined;
}

/** The transcript in a format; null until the job has a segment or is COMPLETED. BAD_USER_INPUT for line limits that cannot be. */
export async function renderTranscript(
  job: Job,
  { format, maxLineWidth, maxLineCount, speakers }: TranscriptArguments,
  { store }: Pick<Context, 'store'>,
): Promise<string | null> {
  const limits = { maxLineWidth: maxLineWidth ?? null, maxLineCount: maxLineCount ?? null };
  checkRange('maxLineWidth', limits.maxLineWidth, [8, 1000]);
  checkRange('maxLineCount', limits.maxLineCount, [1, 100]);
  const segments: Segment[] = [];
  let after: string | undefined;
  do {
    const page = await store.segments(job.id, { limit: segmentsAtOnce, ...(after === undefined ? {} : { after }) });
    segments.push(...page.map(({ item }) => item));
    after = page.length === segmentsAtOnce ? page.at(-1)?.key : undefined;
  } while (after !== undefined);
  if (segments.length === 0 && job.status !== 'COMPLETED') return null;
  const language = job.language?.code ?? null;
  return render(format ?? 'TXT', { segments, language, speakers: speakers ?? false, ...limits });
}

function checkRange(name: string, value: number | null, [min, max]: readonly [number, number]): void {
  if (value !== null && (value < min || value > max)) {
    throw new RequestError('BAD_USER_INPUT', `${name} must be from ${min} to ${max}.`);
  }
}

/** A job that must be there; NOT_FOUND where it was deleted meanwhile. */
export async function findJob(id: string, { store }: Pick<Context, 'store'>): Promise<Job> {
  const job = await store.job(id);
  if (job === null) throw new RequestError('NOT_FOUND', 'There is no job with this id.');
  return job;
}
