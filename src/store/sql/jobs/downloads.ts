import {
  type ExpressionBuilder,
  type Kysely,
  sql,
  type Transaction,
  type UpdateQueryBuilder,
  type UpdateResult,
} from 'kysely';
import { nanoid } from 'nanoid';
import { nextStatus, type JobFailure } from '../../../jobs/job.ts';
import type { JobDownloads, WaitingDownload } from '../../store.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, toJson } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';
import {
  type Change,
  changeJob,
  type LockedJob,
  lockJob,
  nextProgress,
  progressColumns,
  statusChanged,
} from './change.ts';
import { changeMediaName } from './labels.ts';
import { placeByArrival } from './order.ts';

/** What fetches recordings that are given by URL. */
export function jobDownloads(connection: Connection): JobDownloads {
  return {
    waitingDownloads: () => waitingDownloads(connection),
    claimDownload: (id, leaseMs) => claimDownload(connection, id, leaseMs),
    renewDownload: (id, leaseMs) => renewDownload(connection, id, leaseMs),
    releaseDownload: (id) => releaseDownload(connection, id),
    beginDownload: (id, found) => whileOurs(connection, id, (tx, job) => begin(tx, job, found)),
    progressDownload: (id, fraction) => whileOurs(connection, id, async (_, job) => progressed(job, fraction)),
    finishDownload: (id, recording) => whileOurs(connection, id, (tx, job) => finish(tx, job, recording), 'queue'),
    failDownload: (id, failure) =>
      whileOurs(connection, id, async (_, job, time) => failed(job, failure, time), 'queue'),
  };
}

/** Found by stepping from one caller to the next in the index, so that it reads as much as there are callers. */
async function waitingDownloads(connection: Connection): Promise<readonly WaitingDownload[]> {
  const { db } = connection;
  const { rows } = await sql<WaitingDownload>`
    with recursive step(caller) as (
      select min(download.caller) from download where download.waiting = 1
      union all
      select (select min(download.caller) from download where download.waiting = 1 and download.caller > step.caller)
      from step where step.caller is not null
    )
    select download.job_id as id, download.caller, media.path as kept, download.url, download.validator
    from step
    join download on download.job_id = (
      select first.job_id from download as first where first.waiting = 1 and first.caller = step.caller
      order by first.priority desc, first.queued_at limit 1
    )
    join job on job.id = download.job_id
    join media on media.id = job.media_id
    order by download.priority desc, download.queued_at`.execute(db);
  const busy = await callersOfOthers(connection, db);
  return rows.filter(({ caller }) => !busy.has(caller));
}

/** The callers for whom another node fetches a recording: where several share the database, one of a caller is fetched at a time, by one of them. */
async function callersOfOthers({ node, now }: Connection, db: Kysely<Tables>): Promise<ReadonlySet<string>> {
  if (node === null) return new Set();
  const rows = await db
    .selectFrom('download_claim')
    .innerJoin('download', 'download.job_id', 'download_claim.job_id')
    .select('download.caller')
    .where('download.waiting', '=', 1)
    .where('download_claim.node', '<>', node)
    .where('download_claim.until', '>', await now(db))
    .execute();
  return new Set(rows.map(({ caller }) => caller));
}

const isWaiting = (eb: ExpressionBuilder<Tables, 'job'>) => eb('settling', '=', 2).and('status', '=', 'QUEUED');

function claimDownload(connection: Connection, id: string, leaseMs: number): Promise<WaitingDownload | null> {
  return commit(connection, async (tx, notify) => {
    const job = await lockJob(tx, id, isWaiting);
    if (job === undefined || !(await take(connection, tx, { job, leaseMs }))) return null;
    await changeJob(tx, job, { ...progressed(job, 0), time: await connection.now(tx) });
    notify(id);
    return tx
      .selectFrom('download')
      .innerJoin('job', 'job.id', 'download.job_id')
      .innerJoin('media', 'media.id', 'job.media_id')
      .select(['download.job_id as id', 'download.caller', 'media.path as kept', 'download.url', 'download.validator'])
      .where('download.job_id', '=', id)
      .executeTakeFirstOrThrow();
  });
}

/** False where another node fetches it, or another recording of its caller. */
async function take(
  connection: Connection,
  tx: Transaction<Tables>,
  { job, leaseMs }: { readonly job: LockedJob; readonly leaseMs: number },
): Promise<boolean> {
  const { node } = connection;
  if (node === null) return true;
  await connection.reserve(tx, `downloads of ${job.caller}`);
  if ((await callersOfOthers(connection, tx)).has(job.caller)) return false;
  const last = await tx.selectFrom('download_claim').select('node').where('job_id', '=', job.id).executeTakeFirst();
  if (last !== undefined && last.node !== node) await beginAnew(tx, job);
  const claim = { node, until: (await connection.now(tx)) + leaseMs };
  await tx
    .insertInto('download_claim')
    .values({ job_id: job.id, ...claim })
    .onConflict((conflict) => conflict.column('job_id').doUpdateSet(claim))
    .execute();
  return true;
}

/** What another node has is not gone on with: it may wake up and write to it, and nobody else may be able to read it. */
async function beginAnew(tx: Transaction<Tables>, job: LockedJob): Promise<void> {
  await tx.updateTable('media').set({ path: nanoid() }).where('id', '=', job.media_id).execute();
  await tx.updateTable('download').set({ validator: null }).where('job_id', '=', job.id).execute();
}

function renewDownload(connection: Connection, id: string, leaseMs: number): Promise<boolean> {
  const { node } = connection;
  if (node === null) return Promise.resolve(true);
  return commit(connection, async (tx) => {
    const until = (await connection.now(tx)) + leaseMs;
    return isChanged(tx.updateTable('download_claim').set({ until }).where('job_id', '=', id).where('node', '=', node));
  });
}

async function releaseDownload(connection: Connection, id: string): Promise<void> {
  const { node } = connection;
  if (node === null) return;
  const isReleased = await commit(connection, (tx) =>
    isChanged(tx.updateTable('download_claim').set({ until: 0 }).where('job_id', '=', id).where('node', '=', node)),
  );
  if (isReleased) connection.notifier.notify('queue', id);
}

async function isChanged(update: UpdateQueryBuilder<Tables, 'download_claim', 'download_claim', UpdateResult>) {
  return (await update.executeTakeFirstOrThrow()).numUpdatedRows > 0n;
}

/** Writes what `act` makes of a job whose recording this node fetches, and notifies; false, with nothing changed, where it does not any more. */
function whileOurs(
  connection: Connection,
  id: string,
  act: (tx: Transaction<Tables>, job: LockedJob, time: number) => Promise<Omit<Change, 'time'>>,
  more?: 'queue',
): Promise<boolean> {
  return commit(connection, async (tx, notify) => {
    const { node } = connection;
    const job = await lockJob(tx, id, (eb) =>
      node === null
        ? isWaiting(eb)
        : isWaiting(eb).and(
            eb.exists(
              eb
                .selectFrom('download_claim')
                .select('node')
                .whereRef('download_claim.job_id', '=', 'job.id')
                .where('node', '=', node),
            ),
          ),
    );
    if (job === undefined) return false;
    const time = await connection.now(tx);
    await changeJob(tx, job, { ...(await act(tx, job, time)), time });
    notify(id, more);
    return true;
  });
}

const nothing: Omit<Change, 'time'> = { set: {}, facts: [] };

async function begin(
  tx: Transaction<Tables>,
  job: LockedJob,
  { validator, name }: Parameters<JobDownloads['beginDownload']>[1],
): Promise<Omit<Change, 'time'>> {
  await tx.updateTable('download').set({ validator }).where('job_id', '=', job.id).execute();
  if (name !== null) {
    const text = cleanText(name);
    await tx.updateTable('media').set({ name: text }).where('id', '=', job.media_id).execute();
    await changeMediaName(tx, job.number, text);
  }
  return nothing;
}

function progressed(job: LockedJob, fraction: number): Omit<Change, 'time'> {
  const report = { stage: 'DOWNLOADING', fraction, processedSeconds: 0, etaSeconds: null, speed: null } as const;
  const progress = nextProgress(job, report);
  return { set: progressColumns(progress), facts: [{ kind: 'PROGRESSED', progress }] };
}

async function finish(
  tx: Transaction<Tables>,
  job: LockedJob,
  { bytes, sha256 }: Parameters<JobDownloads['finishDownload']>[1],
): Promise<Omit<Change, 'time'>> {
  await tx.deleteFrom('download').where('job_id', '=', job.id).execute();
  await tx.updateTable('media').set({ bytes, sha256 }).where('id', '=', job.media_id).execute();
  const progress = { stage: 'QUEUED', fraction: 0, processedSeconds: 0, etaSeconds: null, speed: null } as const;
  const place = await placeByArrival(tx, job, job.arrival);
  return { set: { ...progressColumns(progress), settling: 0, place }, facts: [{ kind: 'PROGRESSED', progress }] };
}

function failed(job: LockedJob, failure: JobFailure, time: number): Omit<Change, 'time'> {
  const status = nextStatus(job.status, 'fail');
  if (status === null) throw new Error(`A job that is ${job.status} cannot fail.`);
  const set = { status, stage: 'DONE', finished_at: time, failure: toJson(failure) } as const;
  return { set, facts: [statusChanged(job, status, null)] };
}
