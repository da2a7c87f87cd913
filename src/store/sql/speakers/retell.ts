import type { Transaction } from 'kysely';
import type { DetectionLease } from '../../detections.ts';
import type { SpeakerStore } from '../../store.ts';
import type { TellSpeakers } from '../../work.ts';
import { commit, type Connection } from '../database/connection.ts';
import { toJson } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';
import type { Ended } from '../editing/correction.ts';
import { takeTurn } from '../editing/edits.ts';
import { changeJob, lockJob } from '../jobs/change.ts';
import { mergeSpeakers } from './merge.ts';
import { type Prepared, standTold, tellAnew } from './prepare.ts';
import { readHeard, readVoices } from './voices.ts';

/** What speakers are told apart by, and who is whom. */
export function speakerStore(connection: Connection): SpeakerStore {
  const { db } = connection;
  return {
    voices: (id, afterClip) => readVoices(db, id, afterClip),
    heardSegments: (id, afterIndex) => readHeard(db, id, afterIndex),
    mergeSpeakers: (id, merge, seenSeq) =>
      takeTurn(connection, { id, seenSeq }, (seen) => mergeSpeakers(connection, id, merge, seen)),
  };
}

/** The row of a detection whose lease is not lost, to be changed. */
export function heldBy(tx: Transaction<Tables>, { id, token }: DetectionLease) {
  return tx.updateTable('detection').where('id', '=', id).where('lease', '=', token).where('ended', '=', 0);
}

/** Tells the speakers of a job apart again. False where the lease is lost. */
export function retell(connection: Connection, lease: DetectionLease, tell: TellSpeakers): Promise<boolean> {
  return tellAnew(connection, {
    jobId: lease.jobId,
    cut: tell(),
    isHeld: async (tx) => (await heldBy(tx, lease).set({ ended: 0 }).executeTakeFirst()).numUpdatedRows > 0n,
    stand: (...told) => stand(connection, lease, ...told),
  });
}

function stand(
  connection: Connection,
  lease: DetectionLease,
  ...[ended, prepared]: readonly [Ended, Prepared]
): Promise<boolean> {
  const { job } = ended;
  return commit(connection, async (tx, notify) => {
    const locked = await lockJob(tx, job.id, (eb) => eb('event_seq', '=', job.lastEventSeq));
    // What is an event of a job that is COMPLETED takes its turn; it was deleted.
    if (locked === undefined) return false;
    const time = await connection.now(tx);
    const [done] = await heldBy(tx, lease)
      .set({ ended: 1, renewed_at: time })
      .returning(['min_speakers', 'max_speakers'])
      .execute();
    if (done === undefined) return false;
    const { event_seq, set } = await standTold(tx, ended, { prepared, time });
    const options = toJson({ ...job.options, minSpeakers: done.min_speakers, maxSpeakers: done.max_speakers });
    const { detections } = await tx
      .updateTable('job')
      .set((eb) => ({ detections: eb('detections', '+', 1) }))
      .where('id', '=', job.id)
      .returning('detections')
      .executeTakeFirstOrThrow();
    await changeJob(tx, { id: job.id, event_seq }, { set: { ...set, options, detections }, facts: [], time });
    notify(job.id, 'queue');
    return true;
  });
}
