import { isDeepStrictEqual } from 'node:util';
import { type Insertable, sql, type Transaction } from 'kysely';
import { nanoid } from 'nanoid';
import { QueueFullError } from '../../../errors.ts';
import { allowedIn, type Job, type JobFact, type JobLabels } from '../../../jobs/job.ts';
import { isOf } from '../../../jobs/provenance.ts';
import { needsOf } from '../../../jobs/worker.ts';
import type { JobWriter, NewJob, QueueLimits } from '../../store.ts';
import { commit, type Connection } from '../database/connection.ts';
import { isPostgres } from '../database/dialect.ts';
import { cleanText, parseObject, parseOptions, toJson } from '../database/json.ts';
import { nextNumber } from '../database/keyset.ts';
import { isEdited, readJob, readOwnJob } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { clearTranscript } from '../work/segments.ts';
import {
  backInQueue,
  addFacts,
  type Change,
  changeJob,
  changeTime,
  clearedTranscript,
  type LockedJob,
  lockJob,
  statusChanged,
} from './change.ts';
import { addLabels, changeTags, changeTitle } from './labels.ts';
import { drawUp, placeAtEnd, placeByArrival, placeOf } from './order.ts';
import { callerHolds, queueHolds } from './queue.ts';

const idempotencyMs = 24 * 60 * 60 * 1000;

/** What clients change. */
export function jobWriter(connection: Connection): JobWriter {
  return {
    addJob: (job, limits) => addJob(connection, job, limits),
    cancel: (id) => cancel(connection, id),
    retry: (...args) => retry(connection, ...args),
    updateJob: (id, labels) => updateJob(connection, id, labels),
  };
}

function addJob(connection: Connection, job: NewJob, limits?: QueueLimits): ReturnType<JobWriter['addJob']> {
  return commit(connection, async (tx, notify) => {
    await connection.reserve(tx, `jobs of ${job.callerId ?? ''}`);
    const time = await connection.arrival(tx);
    const known = (await findByKey(tx, job, time)) ?? (await findFinished(tx, job));
    const existing = known === null ? null : await readJob(tx, known);
    if (existing !== null) return { job: existing, existing: true };
    await requireRoom(connection, tx, { callerId: job.callerId, ...limits });
    const id = `job_${nanoid()}`;
    const mediaId = `media_${nanoid()}`;
    const media = mediaRow(mediaId, job.media);
    await tx.insertInto('media').values(media).execute();
    await connection.reserve(tx, `number of ${time}`);
    const number = await nextNumber(tx, time);
    const line = { priority: job.priority, caller: job.callerId ?? '' };
    const place = job.url === undefined ? await placeAtEnd(tx, line) : null;
    const row = jobRow(job, { id, number, mediaId, time, arrival: await connection.queueRank(tx, time), place });
    await tx
      .insertInto('job')
      .values({ ...row, updated_at: changeTime(time) })
      .execute();
    if (job.url !== undefined) await addDownload(tx, job.url, row);
    await addLabels(tx, row, media.name);
    await addFacts(tx, { id, event_seq: 0 }, { facts: [accepted], time });
    notify(id, 'queue');
    return { job: await readOwnJob(tx, id), existing: false };
  });
}

function addDownload(
  tx: Transaction<Tables>,
  url: string,
  { id, api_key_id, priority, arrival }: ReturnType<typeof jobRow>,
): Promise<unknown> {
  const row = { job_id: id, url, waiting: 1, caller: api_key_id ?? '', priority, queued_at: arrival } as const;
  return tx.insertInto('download').values(row).execute();
}

/** What is heard first of a job. */
const accepted: JobFact = { kind: 'STATUS_CHANGED', status: 'QUEUED', previous: null, attempt: null };

/** As many as are added at the same instant by 20 nodes with 10 connections each. Who waits for each other adds a third as fast. */
const fewPlaces = 200;

async function requireRoom(
  connection: Connection,
  tx: Transaction<Tables>,
  { callerId, maxQueued, maxQueuedPerCaller }: QueueLimits & { readonly callerId: string | null },
): Promise<void> {
  if (maxQueued !== undefined && (await queueHolds(tx, maxQueued - fewPlaces))) {
    // Where few places are left, whoever adds waits for those who add at the same instant.
    await connection.reserve(tx, 'places in the queue');
    if (await queueHolds(tx, maxQueued)) throw new QueueFullError(maxQueued);
  }
  if (maxQueuedPerCaller !== undefined && (await callerHolds(tx, callerId, maxQueuedPerCaller)))
    throw new QueueFullError(maxQueuedPerCaller, 'CALLER');
}

/** The newest job that came with this key, of the same caller, within a day. */
async function findByKey(tx: Transaction<Tables>, job: NewJob, time: number): Promise<string | null> {
  if (job.idempotencyKey === null) return null;
  const known = await tx
    .selectFrom('job')
    .select('id')
    .where('idempotency_key', '=', cleanText(job.idempotencyKey))
    .where('caller', '=', job.callerId ?? '')
    .where('created_at', '>', time - idempotencyMs)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return known?.id ?? null;
}

function mediaRow(id: string, media: NewJob['media']): Insertable<Tables['media']> {
  return {
    id,
    name: cleanText(media.name),
    ...('kept' in media.key ? { root: null, path: media.key.kept } : media.key),
    bytes: media.bytes,
    sha256: media.sha256,
    warnings: toJson([]),
  };
}

function jobRow(
  job: NewJob,
  at: Readonly<Record<'id' | 'mediaId', string> & Record<'number' | 'time' | 'arrival', number>> & {
    readonly place: number | null;
  },
): Omit<Insertable<Tables['job']>, 'updated_at'> {
  return {
    id: at.id,
    number: at.number,
    status: 'QUEUED',
    ...labelColumns(job),
    options: toJson(job.options),
    media_id: at.mediaId,
    api_key_id: job.callerId,
    idempotency_key: job.idempotencyKey === null ? null : cleanText(job.idempotencyKey),
    created_at: at.time,
    arrival: at.arrival,
    place: at.place,
    needs: needsOf(job.options),
    stage: 'QUEUED',
    fraction: 0,
    processed_seconds: 0,
    segment_count: 0,
    crashes: 0,
    settling: job.url !== undefined ? 2 : job.settling === true ? 1 : 0,
    callback_url: job.callbackUrl ?? null,
    traceparent: job.traceparent ?? null,
    event_seq: 1,
  };
}

function cancel(connection: Connection, id: string): ReturnType<JobWriter['cancel']> {
  return commit(connection, async (tx, notify) => {
    const job = await lockJob(tx, id, (eb) =>
      eb('status', 'in', allowedIn('cancel')).and('cancel_requested_at', 'is', null),
    );
    if (job === undefined) return readJob(tx, id);
    const time = await connection.now(tx);
    // A running one is only marked: it is CANCELLED when its processes are gone.
    const change =
      job.status === 'QUEUED'
        ? {
            set: {
              status: 'CANCELLED',
              stage: 'DONE',
              place: null,
              cancel_requested_at: time,
              finished_at: time,
            } as const,
            facts: [statusChanged(job, 'CANCELLED', null)],
          }
        : { set: { cancel_requested_at: time }, facts: [] };
    await changeJob(tx, job, { ...change, time });
    if (job.place !== null) await drawUp(tx, job);
    notify(id, 'queue');
    return readOwnJob(tx, id);
  });
}

function retry(
  connection: Connection,
  ...[id, fromStart, { limits, settling = false, traceparent } = {}]: Parameters<JobWriter['retry']>
): ReturnType<JobWriter['retry']> {
  return commit(connection, async (tx, notify) => {
    const job = await lockJob(tx, id, (eb) => eb('status', 'in', allowedIn('retry')));
    if (job === undefined) {
      const refused = await readJob(tx, id);
      return refused === null ? null : { job: refused, refused: true };
    }
    await connection.reserve(tx, `jobs of ${job.api_key_id ?? ''}`);
    await requireRoom(connection, tx, { callerId: job.api_key_id, ...limits });
    const time = await connection.arrival(tx);
    const cleared = fromStart ? await clearTranscript(tx, job.id) : [];
    const facts: readonly JobFact[] = [...cleared, statusChanged(job, 'QUEUED', null)];
    const isComing = await awaitsDownload(tx, id);
    const set = {
      ...backInQueue(job),
      ...(fromStart ? clearedTranscript : {}),
      ...(isComing ? ({ settling: 2 } as const) : settling ? ({ settling: 1 } as const) : {}),
      ...(traceparent === undefined ? {} : { traceparent }),
      arrival: await connection.queueRank(tx, time),
      place: isComing ? null : await placeAtEnd(tx, job),
      crashes: 0,
      failure: null,
      finished_at: null,
      cancel_requested_at: null,
    } as const;
    await changeJob(tx, job, { set, facts, time });
    notify(id, 'queue');
    return { job: await readOwnJob(tx, id), refused: false };
  });
}

/** Whether the recording of a job is still to be fetched. */
async function awaitsDownload(tx: Transaction<Tables>, id: string): Promise<boolean> {
  const download = tx.selectFrom('download').select('job_id').where('job_id', '=', id);
  return (await download.executeTakeFirst()) !== undefined;
}

/** Writes what a client calls a job. Null where there is none. */
function updateJob(connection: Connection, id: string, labels: Partial<JobLabels>): Promise<Job | null> {
  return commit(connection, async (tx, notify) => {
    const job = await lockJob(tx, id, (eb) => eb.lit(true));
    if (job === undefined) return null;
    const set = labelColumns(labels);
    const { priority = job.priority } = labels;
    const isMoved = priority !== job.priority && job.place !== null;
    const place = isMoved ? await placeAt(tx, job, priority) : job.place;
    await changeJob(tx, job, { set: { ...set, place }, facts: [], time: await connection.now(tx) });
    if (isMoved) await drawUp(tx, job);
    if (set.title !== undefined) await changeTitle(tx, { ...job, title: set.title });
    if (set.tags !== undefined) await changeTags(tx, { ...job, tags: set.tags }, job);
    notify(id, set.priority === undefined ? undefined : 'queue');
    return readOwnJob(tx, id);
  });
}

/** Where a job that waits stands at another priority. */
async function placeAt(tx: Transaction<Tables>, job: LockedJob, priority: number): Promise<number> {
  const line = { priority, caller: job.caller };
  if (job.place === placeOf(job.priority, 0)) return placeOf(priority, 0);
  return job.settling === 0 ? placeByArrival(tx, line, job.arrival) : placeAtEnd(tx, line);
}

function labelColumns(labels: JobLabels): Pick<Insertable<Tables['job']>, 'title' | 'tags' | 'metadata' | 'priority'>;
function labelColumns(labels: Partial<JobLabels>): Change['set'];
function labelColumns({ title, tags, metadata, priority }: Partial<JobLabels>): Change['set'] {
  return {
    ...(title === undefined ? {} : { title: title === null ? null : cleanText(title) }),
    ...(tags === undefined ? {} : { tags: toJson(tags) }),
    ...(metadata === undefined ? {} : { metadata: metadata === null ? null : toJson(metadata) }),
    ...(priority === undefined ? {} : { priority }),
  };
}

/** Jobs with the same bytes that are looked at, the newest first. */
const mostLookedAt = 100;

/** The newest COMPLETED job of the same caller with the same bytes, options and engine, where the new one may be that. */
async function findFinished(tx: Transaction<Tables>, job: NewJob): Promise<string | null> {
  const { reuse } = job;
  if (reuse === undefined) return null;
  const rows = await tx
    .selectFrom('media')
    .innerJoin('job', 'job.media_id', 'media.id')
    .innerJoin('attempt', 'attempt.job_id', 'job.id')
    .select(['job.id', 'job.options', 'job.revision', 'job.segment_count', 'attempt.provenance'])
    .where('media.sha256', '=', reuse.sha256)
    .where('job.status', '=', 'COMPLETED')
    .where(sql<boolean>`not ${isEdited}`)
    .where('job.caller', '=', job.callerId ?? '')
    .where('attempt.outcome', '=', 'COMPLETED')
    .orderBy(isPostgres(tx) ? sql`job.number` : sql`media.rowid`, 'desc')
    .limit(mostLookedAt)
    .execute();
  const same = rows.find(
    ({ options, provenance, revision, segment_count }) =>
      isDeepStrictEqual(parseOptions(options), job.options) &&
      // Where speakers could not be told apart, another try may.
      (!job.options.diarize || revision > 0 || segment_count === 0) &&
      isOf(reuse.engine, parseObject(provenance)),
  );
  return same?.id ?? null;
}
