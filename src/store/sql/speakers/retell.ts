import { InvalidInputError, JobStatusError } from '../../../errors.ts';
import type { Job } from '../../../jobs/job.ts';
import type { SpeakerStore } from '../../store.ts';
import { commit, type Connection } from '../database/connection.ts';
import { toJson } from '../database/json.ts';
import { readTranscript } from '../database/revision.ts';
import { readJob, readOwnJob } from '../database/rows.ts';
import { mostDetections, sweepStale } from '../editing/edit-rows.ts';
import { changeJob, lockJob } from '../jobs/change.ts';
import { mergeSpeakers } from './merge.ts';
import { prepareTold, standTold } from './prepare.ts';
import { readHeard, readVoices } from './voices.ts';

/** What tells speakers apart, and who is whom. */
export function speakerStore(connection: Connection): SpeakerStore {
  const { db } = connection;
  return {
    voices: (id, afterClip) => readVoices(db, id, afterClip),
    heardSegments: (id, afterIndex) => readHeard(db, id, afterIndex),
    retellSpeakers: (id, ...rest) => connection.inTurn(id, () => retell(connection, id, ...rest)),
    mergeSpeakers: (id, ...rest) => connection.inTurn(id, () => mergeSpeakers(connection, id, ...rest)),
  };
}

async function retell(
  connection: Connection,
  ...[id, bounds, tell]: Parameters<SpeakerStore['retellSpeakers']>
): ReturnType<SpeakerStore['retellSpeakers']> {
  const job = await readRetellable(connection, id);
  if (job === null) return null;
  const ended = { job, transcript: await readTranscript(connection.db, id) };
  try {
    const prepared = await prepareTold(connection, ended, tell(job)());
    return await commit(connection, async (tx, notify) => {
      const locked = await lockJob(tx, id, (eb) => eb('event_seq', '=', job.lastEventSeq));
      // What is an event of a job that is COMPLETED takes its turn; it was deleted.
      if (locked === undefined) return null;
      const time = connection.now();
      const { event_seq, set } = await standTold(tx, ended, { prepared, time });
      const options = toJson({ ...job.options, ...bounds });
      const { detections } = await tx
        .updateTable('job')
        .set((eb) => ({ detections: eb('detections', '+', 1) }))
        .where('id', '=', id)
        .returning('detections')
        .executeTakeFirstOrThrow();
      await changeJob(tx, { id, event_seq }, { set: { ...set, options, detections }, facts: [], time });
      notify(id);
      return readOwnJob(tx, id);
    });
  } finally {
    await sweepStale(connection, id);
  }
}

/** Null = unknown id. Throws JobStatusError and InvalidInputError where its speakers cannot be told apart again. */
async function readRetellable({ db }: Connection, id: string): Promise<Job | null> {
  const job = await readJob(db, id);
  if (job === null) return null;
  if (!job.options.diarize)
    throw refuse('The speakers of this job were not told apart.', 'Submit the recording again, with diarize.');
  if (job.status !== 'COMPLETED')
    throw new JobStatusError(job.status, `The job is ${job.status}.`, 'Its speakers are told apart when it has ended.');
  const { detections } = await db.selectFrom('job').select('detections').where('id', '=', id).executeTakeFirstOrThrow();
  if (detections >= mostDetections)
    throw refuse(`The speakers of this job were told apart again ${mostDetections} times, which is the most.`);
  if ((await readVoices(db, id, -1)).length === 0) throw refuse('No voices were heard in the recording of this job.');
  return job;
}

function refuse(message: string, hint: string | null = null): InvalidInputError {
  return new InvalidInputError('jobId', message, hint);
}
