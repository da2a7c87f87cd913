import { type ExpressionBuilder, sql, type Transaction } from 'kysely';
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
    beginDownload: (id, found) => whileWaiting(connection, id, (tx, job) => begin(tx, job, found)),
    progressDownload: (id, fraction) => whileWaiting(connection, id, async (_, job) => progressed(job, fraction)),
    finishDownload: (id, recording) => whileWaiting(connection, id, (tx, job) => finish(tx, job, recording), 'queue'),
    failDownload: (id, failure) =>
      whileWaiting(connection, id, async (_, job, time) => failed(job, failure, time), 'queue'),
  };
}

/** Found by stepping from one caller to the next in the index, so that it reads as much as there are callers. */
async function waitingDownloads({ db }: Connection): Promise<readonly WaitingDownload[]> {
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
  return rows;
}

const isWaiting = (eb: ExpressionBuilder<Tables, 'job'>) => eb('settling', '=', 2).and('status', '=', 'QUEUED');

/** Writes what `act` makes of a job whose recording is being fetched, and notifies; false, with nothing changed, where it is not any more. */
function whileWaiting(
  connection: Connection,
  id: string,
  act: (tx: Transaction<Tables>, job: LockedJob, time: number) => Promise<Omit<Change, 'time'>>,
  more?: 'queue',
): Promise<boolean> {
  return commit(connection, async (tx, notify) => {
    const job = await lockJob(tx, id, isWaiting);
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
