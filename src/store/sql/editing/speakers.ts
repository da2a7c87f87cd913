import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { InvalidInputError } from '../../../errors.ts';
import type { Job, JobFact } from '../../../jobs/job.ts';
import type { Segment, Speaker } from '../../../jobs/transcript.ts';
import { actOnFound, commit, type Connection } from '../database/connection.ts';
import { cleanText, parseOptions } from '../database/json.ts';
import { begunAnew } from '../database/revision.ts';
import { readJob, readOwnJob } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { changeJob, lockJob } from '../jobs/change.ts';

/** The speakers of jobs, each list in the order in which they are numbered. */
export async function readSpeakers(
  db: Kysely<Tables>,
  jobIds: readonly string[],
): Promise<readonly (readonly Speaker[])[]> {
  const rows = await db
    .selectFrom('speaker')
    .selectAll()
    .where('job_id', 'in', [...new Set(jobIds)])
    .where('merged_into', 'is', null)
    .execute();
  const byJob = Map.groupBy(rows, (row) => row.job_id);
  return jobIds.map((id) => (byJob.get(id) ?? []).map(toSpeaker).toSorted(byNumber));
}

/** The speakers of one job. */
export async function readSpeakersOf(db: Kysely<Tables>, jobId: string): Promise<readonly Speaker[]> {
  const [speakers = []] = await readSpeakers(db, [jobId]);
  return speakers;
}

function toSpeaker(row: Selectable<Tables['speaker']>): Speaker {
  return {
    id: `${row.job_id}:speaker:${row.key}`,
    key: row.key,
    name: row.name,
    speakingSeconds: row.speaking_ms / 1000,
  };
}

function byNumber(one: Speaker, other: Speaker): number {
  return Number(one.key) - Number(other.key) || (one.key < other.key ? -1 : 1);
}

/** How many segments each speaker gains or loses, and how much time with them. */
export type Tallies = Map<string, { readonly segments: number; readonly ms: number }>;

/** Counts a segment that a speaker gains, or loses. */
export function count(
  tallies: Tallies,
  { speaker, startSeconds, endSeconds }: Pick<Segment, 'speaker' | 'startSeconds' | 'endSeconds'>,
  sign: 1 | -1,
): void {
  if (speaker === null) return;
  const { segments, ms } = tallies.get(speaker) ?? { segments: 0, ms: 0 };
  const length = Math.round(endSeconds * 1000) - Math.round(startSeconds * 1000);
  tallies.set(speaker, { segments: segments + sign, ms: ms + sign * length });
}

/** What is gained and lost in both. */
export function addTallies(some: Tallies, others: Tallies): Tallies {
  const all = new Map(some);
  for (const [key, { segments, ms }] of others) {
    const before = all.get(key) ?? { segments: 0, ms: 0 };
    all.set(key, { segments: before.segments + segments, ms: before.ms + ms });
  }
  return all;
}

/** Writes what speakers gain and lose. One whom nobody has `heard` is there as long as it has segments. What clients hear where the list is another. */
export async function saveTallies(
  tx: Transaction<Tables>,
  jobId: string,
  { tallies, heard }: { readonly tallies: Tallies; readonly heard: 0 | 1 },
): Promise<readonly JobFact[]> {
  if (tallies.size === 0) return [];
  const before = await readSpeakersOf(tx, jobId);
  const rows = [...tallies].map(([key, { segments, ms }]) => ({
    job_id: jobId,
    key,
    heard,
    segments,
    speaking_ms: ms,
  }));
  await tx
    .insertInto('speaker')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['job_id', 'key']).doUpdateSet((eb) => ({
        heard: sql<0 | 1>`case when speaker.heard = 1 then 1 else excluded.heard end`,
        segments: eb('speaker.segments', '+', eb.ref('excluded.segments')),
        speaking_ms: eb('speaker.speaking_ms', '+', eb.ref('excluded.speaking_ms')),
      })),
    )
    .execute();
  await tx
    .deleteFrom('speaker')
    .where('job_id', '=', jobId)
    .where('heard', '=', 0)
    .where('segments', '<=', 0)
    .where('merged_into', 'is', null)
    .execute();
  return changed(before, await readSpeakersOf(tx, jobId));
}

function changed(before: readonly Speaker[], speakers: readonly Speaker[]): readonly JobFact[] {
  return toText(before) === toText(speakers) ? [] : [{ kind: 'SPEAKERS_CHANGED', speakers }];
}

function toText(speakers: readonly Speaker[]): string {
  return JSON.stringify(speakers.map(({ key, name }) => [key, name]));
}

const mostChannels = 100; // far more than an engine takes apart

/** Adds a speaker for each channel, where those are transcribed one by one. */
export async function addChannels(tx: Transaction<Tables>, jobId: string): Promise<readonly JobFact[]> {
  const job = await tx
    .selectFrom('job')
    .innerJoin('media', 'media.id', 'job.media_id')
    .select(['job.options', 'media.channels'])
    .where('job.id', '=', jobId)
    .executeTakeFirstOrThrow();
  const channels = Math.min(job.channels ?? 1, mostChannels);
  if (channels < 2 || parseOptions(job.options).channels !== 'SPLIT') return [];
  const keys = Array.from({ length: channels }, (_, at) => String(at + 1));
  return saveTallies(tx, jobId, { tallies: new Map(keys.map((key) => [key, { segments: 0, ms: 0 }])), heard: 1 });
}

/** Forgets names, and who was heard: they belong to a transcript that is no more. */
export async function clearSpeakers(tx: Transaction<Tables>, jobId: string): Promise<readonly JobFact[]> {
  const before = await readSpeakersOf(tx, jobId);
  await tx.deleteFrom('speaker').where('job_id', '=', jobId).execute();
  await addChannels(tx, jobId);
  return changed(before, await readSpeakersOf(tx, jobId));
}

/** Puts those who were told apart in the place of all who were there; what clients hear of it. */
export async function replaceSpeakers(
  tx: Transaction<Tables>,
  jobId: string,
  { tallies, names }: { readonly tallies: Tallies; readonly names: ReadonlyMap<string, string> },
): Promise<readonly JobFact[]> {
  await tx.deleteFrom('speaker').where('job_id', '=', jobId).execute();
  const rows = [...tallies].map(([key, { segments, ms }]) => ({
    job_id: jobId,
    key,
    name: names.get(key) ?? null,
    heard: 1 as const,
    segments,
    speaking_ms: ms,
  }));
  if (rows.length > 0) await tx.insertInto('speaker').values(rows).execute();
  return [{ kind: 'SPEAKERS_CHANGED', speakers: await readSpeakersOf(tx, jobId) }];
}

/** Into whom speakers were merged, by their keys, which are not given again. */
export async function readMerged(db: Kysely<Tables>, jobId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom('speaker')
    .select(['key', 'merged_into'])
    .where('job_id', '=', jobId)
    .where('merged_into', 'is not', null)
    .execute();
  return new Map(rows.map(({ key, merged_into: into }) => [key, into ?? key]));
}

/** What a job that goes on brings, said by those into whom its speakers were merged before. */
export async function saidAfterMerges(
  tx: Transaction<Tables>,
  jobId: string,
  segments: readonly Segment[],
): Promise<readonly Segment[]> {
  if (segments.every(({ speaker }) => speaker === null)) return segments;
  const merged = await readMerged(tx, jobId);
  if (merged.size === 0) return segments;
  const nowOf = <T extends { readonly speaker: string | null }>(said: T): T => ({
    ...said,
    speaker: merged.get(said.speaker ?? '') ?? said.speaker,
  });
  return segments.map((segment) => ({ ...nowOf(segment), words: segment.words?.map(nowOf) ?? null }));
}

/** Names a speaker, in turn with what corrects the transcript: not whoever has the key once it was begun anew meanwhile. */
export async function renameSpeaker(
  connection: Connection,
  id: string,
  ...named: readonly [string, string | null]
): Promise<{ readonly job: Job; readonly speaker: Speaker } | null> {
  return await actOnFound(connection, { jobId: id, found: findNamed(connection, id, named[0]) }, async (job) =>
    job === null ? null : await writeName(connection, job, ...named),
  );
}

/** The job, where it has this speaker; null where there is no such job. */
async function findNamed({ db }: Connection, id: string, key: string): Promise<Job | null> {
  const job = await readJob(db, id);
  if (job !== null) findSpeaker(await readSpeakersOf(db, id), key);
  return job;
}

/** Throws InvalidInputError where nobody has this key. */
function findSpeaker(speakers: readonly Speaker[], key: string): Speaker {
  const speaker = speakers.find((each) => each.key === key);
  if (speaker !== undefined) return speaker;
  const known =
    speakers.length === 0 ? 'The job has none.' : `There are ${speakers.map((each) => each.key).join(', ')}.`;
  throw new InvalidInputError('key', `The job has no speaker ${JSON.stringify(key)}. ${known}`);
}

function writeName(
  connection: Connection,
  { id, lastEventSeq }: Job,
  ...[key, name]: readonly [string, string | null]
): Promise<{ readonly job: Job; readonly speaker: Speaker } | null> {
  return commit(connection, async (tx, notify) => {
    const job = await lockJob(tx, id, (eb) => eb.lit(true));
    if (job === undefined) return null;
    const anew = await begunAnew(tx, id, lastEventSeq);
    if (anew !== null) {
      const hint = 'Read the speakers again: those with the same keys are others.';
      throw new InvalidInputError('key', `The transcript was made anew with event ${anew}.`, hint);
    }
    await tx
      .updateTable('speaker')
      .set({ name: name === null ? null : cleanText(name) })
      .where('job_id', '=', id)
      .where('key', '=', key)
      .where('merged_into', 'is', null)
      .execute();
    const speakers = await readSpeakersOf(tx, id);
    const speaker = findSpeaker(speakers, key);
    const facts = [{ kind: 'SPEAKERS_CHANGED', speakers }] as const;
    await changeJob(tx, job, { set: {}, facts, time: await connection.now(tx) });
    notify(id);
    return { job: await readOwnJob(tx, id), speaker };
  });
}
