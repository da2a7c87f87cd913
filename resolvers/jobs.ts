import { RequestError } from '#src/errors.ts';
import type { JobFilter } from '#src/jobs/job-filter.ts';
import type { Job, JobStatus } from '#src/jobs/job.ts';
import type { Segment } from '#src/jobs/transcript.ts';
import { type Connection, loadPage, type PageArguments, type PagedList } from './connection.ts';
import type { Context } from './context.ts';

/** Filter of jobs as a client gives it: null is the same as absent. */
export interface JobFilterInput {
  readonly ids?: readonly string[] | null | undefined;
  readonly status?: readonly JobStatus[] | null | undefined;
  readonly tag?: string | null | undefined;
  readonly titleContains?: string | null | undefined;
  readonly mediaNameContains?: string | null | undefined;
  readonly createdAfter?: Date | null | undefined;
  readonly createdBefore?: Date | null | undefined;
}

/** The filter as the store takes it. Every name contains the empty text, also one that is not given. */
export function readFilter(input: JobFilterInput | null | undefined): JobFilter {
  const { ids, status, tag, titleContains, mediaNameContains, createdAfter, createdBefore } = input ?? {};
  return {
    ...(ids ? { ids } : {}),
    ...(status ? { status } : {}),
    ...(typeof tag === 'string' ? { tag } : {}),
    ...(titleContains ? { titleContains } : {}),
    ...(mediaNameContains ? { mediaNameContains } : {}),
    ...(createdAfter ? { createdAfter } : {}),
    ...(createdBefore ? { createdBefore } : {}),
  };
}

/** Newest first. */
export async function listJobs(
  { filter, ...page }: PageArguments & { readonly filter?: JobFilterInput | null | undefined },
  { store }: Pick<Context, 'store'>,
): Promise<Connection<Job> & { readonly filter: JobFilter }> {
  const wanted = readFilter(filter);
  const list = { name: 'jobs', max: 100, load: store.jobs.bind(store, wanted) };
  return Object.assign(await loadPage(list, page), { filter: wanted });
}

/** Segments of a job in the order of time. */
export async function listSegments(
  { jobId, ...page }: PageArguments & { readonly jobId: string },
  { loaders }: Pick<Context, 'loaders'>,
): Promise<Connection<Segment>> {
  const load: PagedList<Segment>['load'] = (some) => loaders.segments.load({ jobId, page: some });
  return loadPage({ name: `segments:${jobId}`, max: 1000, load }, page);
}

/** A job that must be there; NOT_FOUND where it was deleted meanwhile. */
export async function findJob(id: string, { loaders }: Pick<Context, 'loaders'>): Promise<Job> {
  const job = await loaders.job.load(id);
  if (job === null) throw new RequestError('NOT_FOUND', 'There is no job with this id.');
  return job;
}
