import {
  JobAlreadyFinishedError,
  JobNotFoundError,
  JobStatusError,
  MediaNotFoundError,
  RequestError,
} from '#src/errors.ts';
import type { JobFilter, JobOrder } from '#src/jobs/job-filter.ts';
import type { Job, JobLabels, JobStatus } from '#src/jobs/job.ts';
import type { StoredSegment } from '#src/jobs/transcript.ts';
import { requireModel } from '#src/models/models.ts';
import { removeJob } from '#src/operations/retention.ts';
import { within } from '#src/operations/tracing/tracer.ts';
import type { Key, Page } from '#src/store/page.ts';
import { type Connection, loadPage, type PageArguments, type PagedList } from './connection.ts';
import type { Context, RequestContext } from './context.ts';
import { type LabelsInput, readLabels, requirePriority } from './input.ts';

/** Filter of jobs as a client gives it: null is the same as absent. */
export interface JobFilterInput {
  readonly ids?: readonly string[] | null | undefined;
  readonly status?: readonly JobStatus[] | null | undefined;
  readonly tag?: string | null | undefined;
  readonly owner?: string | null | undefined;
  readonly titleContains?: string | null | undefined;
  readonly mediaNameContains?: string | null | undefined;
  readonly createdAfter?: Date | null | undefined;
  readonly createdBefore?: Date | null | undefined;
  readonly updatedAfter?: Date | null | undefined;
  readonly language?: string | null | undefined;
}

/** The filter as the store takes it. Every name contains the empty text, also one that is not given. */
export function readFilter(input: JobFilterInput | null | undefined): JobFilter {
  const {
    ids,
    status,
    tag,
    owner,
    titleContains,
    mediaNameContains,
    createdAfter,
    createdBefore,
    updatedAfter,
    language,
  } = input ?? {};
  return {
    ...(ids ? { ids } : {}),
    ...(status ? { status } : {}),
    ...(typeof tag === 'string' ? { tag } : {}),
    ...(typeof owner === 'string' ? { owner } : {}),
    ...(titleContains ? { titleContains } : {}),
    ...(mediaNameContains ? { mediaNameContains } : {}),
    ...(createdAfter ? { createdAfter } : {}),
    ...(createdBefore ? { createdBefore } : {}),
    ...(updatedAfter ? { updatedAfter } : {}),
    ...(typeof language === 'string' ? { language } : {}),
  };
}

/** What jobs are asked for by. */
interface ListArguments extends PageArguments {
  readonly filter?: JobFilterInput | null | undefined;
  readonly orderBy?: JobOrder | null | undefined;
}

/** Newest first, or those that changed last; the cursors of one order are not those of the other. */
export async function listJobs(
  { filter, orderBy, ...page }: ListArguments,
  { store }: Pick<Context, 'store'>,
): Promise<Connection<Job> & { readonly filter: JobFilter }> {
  const wanted = readFilter(filter);
  const order = orderBy ?? 'CREATED';
  const load: PagedList<Job>['load'] = (some) => store.jobs(wanted, some, order);
  const list = { name: order === 'CREATED' ? 'jobs' : 'jobs:UPDATED', max: 100, load };
  return Object.assign(await loadPage(list, page), { filter: wanted });
}

/** Segments of a job in the order of time. Throws CURSOR_EXPIRED where the transcript was made anew after the page of the cursor: what comes after it there are others. */
export async function listSegments(
  { jobId, ...page }: PageArguments & { readonly jobId: string },
  { loaders }: Pick<Context, 'loaders'>,
): Promise<Connection<StoredSegment>> {
  const read = (some: Page) => loaders.segments.load({ jobId, page: some });
  const keyOf = ({ id }: StoredSegment) => id.slice(jobId.length + 1);
  const load: PagedList<StoredSegment>['load'] = async ({ after, before, ...some }) => {
    const rows = await read({
      ...some,
      ...(after && { after: indexOf(after) }),
      ...(before && { before: indexOf(before) }),
    });
    const from = after ?? before;
    const [any] = rows.length > 0 || from === undefined ? rows : await read({ limit: 1 });
    if (from !== undefined && (any === undefined || transcriptIn(keyOf(any.item)) !== transcriptIn(from)))
      throw new RequestError(
        'CURSOR_EXPIRED',
        'The transcript was made anew since this cursor was given.',
        'Read it from its first page.',
      );
    return rows.map(({ item }) => ({ key: keyOf(item), item }));
  };
  return loadPage({ name: `segments:${jobId}`, max: 1000, load }, page);
}

/** Of the key of a segment, such as 2:49, the transcript, and its index there. */
const transcriptIn = (key: Key) => key.split(':')[0];
const indexOf = (key: Key) => key.split(':')[1] ?? key;

/** A job that must be there; NOT_FOUND where it was deleted meanwhile. */
export async function findJob(id: string, { loaders }: Pick<Context, 'loaders'>): Promise<Job> {
  const job = await loaders.job.load(id);
  if (job === null) throw new RequestError('NOT_FOUND', 'There is no job with this id.');
  return job;
}

/** Cancels a job: at once when it is queued, else as soon as its processes are gone. Throws JobNotFoundError, JobAlreadyFinishedError. */
export async function cancelJob(id: string, { store }: Pick<Context, 'store'>): Promise<Job> {
  const job = await store.cancel(id);
  if (job === null) throw new JobNotFoundError();
  if (job.status === 'COMPLETED' || job.status === 'FAILED') throw new JobAlreadyFinishedError(job.status);
  return job;
}

type RetryNeeds = Pick<RequestContext, 'store' | 'media' | 'models' | 'config' | 'tracer' | 'traceparent'>;

/**
 * Puts a FAILED or CANCELLED job back into the queue.
 *
 * Throws JobNotFoundError, JobStatusError, MediaNotFoundError, ModelNotInstalledError, QueueFullError.
 */
export async function retryJob(
  { id, fromStart }: { readonly id: string; readonly fromStart: boolean },
  { store, media, models, config, tracer, traceparent: parent }: RetryNeeds,
): Promise<Job> {
  const before = await store.job(id);
  if (before === null) throw new JobNotFoundError();
  if (before.status !== 'FAILED' && before.status !== 'CANCELLED') throw refused(before);
  const recording = await media.look(before.media.key);
  // Without a size it never was there: it is fetched from its URL.
  const isComing = before.media.bytes === null;
  if (recording === null && !isComing) throw new MediaNotFoundError('The recording of this job is no longer there.');
  const settling = !isComing && recording?.bytes !== before.media.bytes;
  if (settling && !fromStart && before.segmentCount > 0)
    throw new MediaNotFoundError(
      'The recording of this job has another size than it had; retry the job from its start.',
    );
  await requireModel(models, before.options.model);
  const attributes = { 'job.id': id, 'job.retry': true };
  const result = await within(tracer.start('job', { parent, kind: 'PRODUCER', attributes }), ({ traceparent }) =>
    store.retry(id, fromStart, { limits: config.server, settling, traceparent }),
  );
  if (result === null) throw new JobNotFoundError();
  if (result.refused) throw refused(result.job);
  return result.job;
}

function refused(job: Job): JobStatusError {
  return new JobStatusError(job.status, `The job is ${job.status}.`, 'Only a FAILED or CANCELLED job can be retried.');
}

/** Writes what a client calls a job, whatever its status: absent = unchanged, null = the default. Throws InvalidInputError, JobNotFoundError. */
export async function updateJob(
  { id, input }: { readonly id: string; readonly input: LabelsInput },
  { store, config, caller }: Pick<RequestContext, 'store' | 'config' | 'caller'>,
): Promise<Job> {
  requirePriority(input.priority, config.server.maxUserPriority, caller);
  const isGiven = (name: string) => Object.entries(input).some(([each, value]) => each === name && value !== undefined);
  const labels: Partial<JobLabels> = Object.fromEntries(
    Object.entries(readLabels(input)).filter(([name]) => isGiven(name)),
  );
  const job = await store.updateJob(id, labels);
  if (job === null) throw new JobNotFoundError();
  return job;
}

/** Deletes a job that is not WORKING, with everything that is its own. Throws JobNotFoundError, JobStatusError. */
export async function deleteJob(
  id: string,
  context: Pick<Context, 'store' | 'notifier' | 'media' | 'log'>,
): Promise<{ readonly id: string }> {
  const deleted = await removeJob(id, context);
  if (deleted === null) throw new JobNotFoundError();
  if (deleted.refused) {
    throw new JobStatusError(deleted.job.status, 'The job is WORKING.', 'Cancel it, wait for its end, then delete it.');
  }
  // Not under `job`: its own lines are gone.
  context.log.info({ deleted: id }, 'job deleted');
  return { id };
}

/** What an address is made with, for who asks. */
type UrlNeeds = Pick<RequestContext, 'urls' | 'caller'>;

/** Where the recording of a job can be played, relative to the server's address; null where the server has it no more. */
export async function mediaUrl(
  { id, media }: Job,
  { media: store, urls, caller }: UrlNeeds & Pick<Context, 'media'>,
): Promise<string | null> {
  await using recording = await store.open(media);
  return recording !== null ? urls.sign(`/jobs/${id}/media`, caller) : null;
}

/** Where the events of a job after the one with a number are read by an EventSource. */
export function eventsUrl({ id }: Job, after: number | null | undefined, { urls, caller }: UrlNeeds): string {
  return urls.sign(`/jobs/${id}/events${after ? `?after=${after}` : ''}`, caller);
}
