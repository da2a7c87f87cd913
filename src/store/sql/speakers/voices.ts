import type { Kysely, Transaction } from 'kysely';
import type { Segment } from '../../../jobs/transcript.ts';
import type { Voices } from '../../work.ts';
import { firstIndex } from '../database/revision.ts';
import { toHeard } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';

/** Of up to 20 KB, a few milliseconds. */
const voicesAtOnce = 50;
/** Of the transcript as it was heard, with its words: a few milliseconds. */
const segmentsAtOnce = 100;

/** Keeps how the voices of some clips sound. */
export async function addVoices(tx: Transaction<Tables>, jobId: string, voices: readonly Voices[]): Promise<void> {
  if (voices.length === 0) return;
  await tx
    .insertInto('voice')
    .values(voices.map(({ clip, pieces }) => ({ job_id: jobId, clip, pieces })))
    .onConflict((conflict) =>
      conflict.columns(['job_id', 'clip']).doUpdateSet((eb) => ({ pieces: eb.ref('excluded.pieces') })),
    )
    .execute();
}

/** Forgets how the voices of a job sound. */
export async function removeVoices(tx: Transaction<Tables>, jobId: string): Promise<void> {
  await tx.deleteFrom('voice').where('job_id', '=', jobId).execute();
}

/** How the voices of the next clips sound. */
export function readVoices(db: Kysely<Tables>, jobId: string, afterClip: number): Promise<readonly Voices[]> {
  return db
    .selectFrom('voice')
    .select(['clip', 'pieces'])
    .where('job_id', '=', jobId)
    .where('clip', '>', afterClip)
    .orderBy('clip')
    .limit(voicesAtOnce)
    .execute();
}

/** The next segments as the engine heard them. */
export async function readHeard(db: Kysely<Tables>, jobId: string, afterIndex: number): Promise<readonly Segment[]> {
  const rows = await db
    .selectFrom('segment')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('index', '>', afterIndex)
    .where('index', '<', firstIndex(1))
    .orderBy('index')
    .limit(segmentsAtOnce)
    .execute();
  return rows.map(toHeard);
}
