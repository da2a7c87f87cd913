import { setImmediate } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';
import { InvalidInputError } from '../../../errors.ts';
import type { JobFact } from '../../../jobs/job.ts';
import type { Segment } from '../../../jobs/transcript.ts';
import { editedSegment } from '../../../transcripts/editing/apply-edit.ts';
import type { SpeakerMerge, SpeakerStore } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { segmentsPerRevision, type Transcript } from '../database/revision.ts';
import { readJob, selectSpeakers } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { carryOut, type Ended, eventStep, type Step } from '../editing/correction.ts';
import { readVersions } from '../editing/edit-rows.ts';
import { readEnded } from '../editing/edits.ts';
import { readSpeakersOf } from '../editing/speakers.ts';

/** Has one speaker say what others say. */
export async function mergeSpeakers(
  connection: Connection,
  ...[id, merge, seenSeq]: Parameters<SpeakerStore['mergeSpeakers']>
): ReturnType<SpeakerStore['mergeSpeakers']> {
  for (;;) {
    const ended = await readEnded(connection.db, id, seenSeq);
    if (ended === null) return null;
    await check(connection.db, id, merge);
    const steps = await eventSteps(connection, ended, merge);
    const finish = (tx: Transaction<Tables>) => write(tx, id, merge);
    const isDone = await carryOut(connection, {
      ...ended,
      prepare: steps,
      events: steps.length,
      finish,
      replaced: [],
      tallies: () => new Map(),
    });
    if (isDone) return readJob(connection.db, id);
  }
}

/** Throws InvalidInputError where somebody is named who is not there, or twice. */
async function check(db: Kysely<Tables>, id: string, { keys, into }: SpeakerMerge): Promise<void> {
  const speakers = await readSpeakersOf(db, id);
  const known = speakers.map(({ key }) => key);
  const has = known.length === 0 ? 'The job has none.' : `There are ${known.join(', ')}.`;
  if (!known.includes(into))
    throw new InvalidInputError('into', `The job has no speaker ${JSON.stringify(into)}. ${has}`);
  for (const [at, key] of keys.entries()) {
    if (!known.includes(key))
      throw new InvalidInputError(`keys.${at}`, `The job has no speaker ${JSON.stringify(key)}. ${has}`);
    if (key === into) throw new InvalidInputError(`keys.${at}`, `The speaker ${key} cannot be merged into itself.`);
    if (keys.indexOf(key) !== at) throw new InvalidInputError(`keys.${at}`, `The speaker ${key} is named twice.`);
  }
}

/** Of so few columns a slice takes milliseconds. */
const speakersAtOnce = 500;
/** Read and told in one step: a few milliseconds. */
const toldAtOnce = 50;

/** What tells of all segments that are said by another from now on. */
async function eventSteps(
  { db, now }: Connection,
  { job, transcript }: Ended,
  { keys, into }: SpeakerMerge,
): Promise<readonly Step[]> {
  const indexes: number[] = [];
  for await (const { index, speaker } of speakersOf(db, transcript)) {
    if (speaker !== null && keys.includes(speaker)) indexes.push(index);
  }
  const toStep = eventStep(job, await now(db));
  const from = (segment: Segment) => ({
    ...segment,
    speaker: into,
    words: segment.words?.map((word) => ({ ...word, speaker: into })) ?? null,
  });
  return Array.from({ length: Math.ceil(indexes.length / toldAtOnce) }, (_, page): Step => async (tx) => {
    const some = indexes.slice(page * toldAtOnce, (page + 1) * toldAtOnce);
    const versions = await readVersions(tx, transcript, some);
    const segments = some.flatMap((index) => {
      const version = versions.get(index);
      if (version === undefined) return [];
      const { heard, wording } = version;
      return [from(wording === null ? heard : editedSegment(heard, wording))];
    });
    await toStep(segments, page)(tx);
  });
}

/** Who says each segment. */
async function* speakersOf(db: Kysely<Tables>, { jobId, first }: Transcript) {
  for (let after = -1; ;) {
    const rows = await selectSpeakers(db)
      .where('segment.job_id', '=', jobId)
      .where('segment.index', '>', first + after)
      .where('segment.index', '<', first + segmentsPerRevision)
      .orderBy('segment.index')
      .limit(speakersAtOnce)
      .execute();
    for (const { index, place, heard, edited } of rows) {
      after = index - first;
      yield { index: after, speaker: place === null ? heard : edited };
    }
    if (rows.length < speakersAtOnce) return;
    await setImmediate();
  }
}

async function write(tx: Transaction<Tables>, id: string, { keys, into }: SpeakerMerge): Promise<readonly JobFact[]> {
  const merged = await tx.selectFrom('speaker').selectAll().where('job_id', '=', id).where('key', 'in', keys).execute();
  const heard = merged.some((row) => row.heard === 1);
  await tx
    .updateTable('speaker')
    .set((eb) => ({
      segments: eb('segments', '+', sumOf(merged.map(({ segments }) => segments))),
      speaking_ms: eb('speaking_ms', '+', sumOf(merged.map(({ speaking_ms }) => speaking_ms))),
      ...(heard ? { heard: 1 as const } : {}),
    }))
    .where('job_id', '=', id)
    .where('key', '=', into)
    .execute();
  await tx
    .updateTable('speaker')
    .set({ merged_into: into, name: null, segments: 0, speaking_ms: 0 })
    .where('job_id', '=', id)
    .where((eb) => eb.or([eb('key', 'in', keys), eb('merged_into', 'in', keys)]))
    .execute();
  return [{ kind: 'SPEAKERS_CHANGED', speakers: await readSpeakersOf(tx, id) }];
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
