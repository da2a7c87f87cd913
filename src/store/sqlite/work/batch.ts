import type { JobFact } from '../../../jobs/job-event.ts';
import type { Batch, Lease } from '../../work.ts';
import type { Connection } from '../database/connection.ts';
import { toJson } from '../database/json.ts';
import { changeJob } from '../jobs/change.ts';
import { clearedTranscript, nextProgress, progressColumns } from '../jobs/job-columns.ts';
import { addEntries } from '../search/entries.ts';
import { underLease } from './lease.ts';
import { clearTranscript, insertSegments, place } from './segments.ts';

/** Stores what one batch has brought: segments, checkpoint, progress and their events, all or nothing. */
export async function appendBatch(connection: Connection, lease: Lease, batch: Batch): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time) => {
    const segments = place(batch.segments, job.segment_count);
    const progress = nextProgress(job, batch.progress);
    const facts: JobFact[] = segments.length > 0 ? [{ kind: 'SEGMENTS_ADDED', segments }] : [];
    facts.push({ kind: 'PROGRESSED', progress });
    await insertSegments(tx, job.id, segments);
    await addEntries(tx, job, segments);
    const checkpoint = batch.checkpoint === null ? null : toJson(batch.checkpoint);
    const set = { ...progressColumns(progress), segment_count: job.segment_count + segments.length, checkpoint };
    await changeJob(tx, job, { set, facts, time });
    return true;
  });
  return done ?? false;
}

/** Makes a running job begin again, where it could not be gone on with. */
export async function restartTranscript(connection: Connection, lease: Lease): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time) => {
    await changeJob(tx, job, { set: clearedTranscript, facts: await clearTranscript(tx, job.id), time });
    return true;
  });
  return done ?? false;
}
