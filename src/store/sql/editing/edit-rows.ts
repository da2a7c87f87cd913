import { setImmediate } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Segment } from '../../../jobs/transcript.ts';
import type { Wording } from '../../../transcripts/editing/apply-edit.ts';
import { commit, type Connection, inPieces } from '../database/connection.ts';
import { toJson } from '../database/json.ts';
import { firstIndex, indexIn, readTranscript, type Transcript } from '../database/revision.ts';
import { type SegmentRow, selectSegments, toHeard, toWording } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { addEditEntries, dropPrepared, type EditPlace, removeEditEntries, removeVoid } from '../search/entries.ts';

/** A segment as the engine heard it, and how somebody has worded it since. */
export interface Version {
  readonly heard: Segment;
  /** Null where it stands as it was heard. */
  readonly wording: Wording | null;
  /** Where the edit is that stands. */
  readonly place: EditPlace['place'] | null;
}

/** How a segment is worded now. */
export function nowOf({ wording, heard }: Version): Wording {
  return wording ?? heard;
}

/** The versions of segments by their index. Those that are not there are left out. */
export async function readVersions(
  db: Kysely<Tables>,
  { jobId, first }: Transcript,
  indexes: readonly number[],
): Promise<ReadonlyMap<number, Version>> {
  const versions = new Map<number, Version>();
  for (const piece of inPieces(indexes)) {
    const rows = await selectSegments(db)
      .where('segment.job_id', '=', jobId)
      .where(
        'segment.index',
        'in',
        piece.map((index) => first + index),
      )
      .execute();
    for (const row of rows) versions.set(indexIn(row.index), toVersion(row));
  }
  return versions;
}

/** The version of a row. */
export function toVersion(row: SegmentRow): Version {
  return { heard: toHeard(row), wording: toWording(row), place: row.edited_place };
}

/** When segments begin: as they are now, and as they were heard. */
export async function readStarts(
  db: Kysely<Tables>,
  { jobId, first }: Transcript,
  indexes: readonly number[],
): Promise<ReadonlyMap<number, { readonly now: number; readonly heard: number }>> {
  const starts = new Map<number, { readonly now: number; readonly heard: number }>();
  for (const piece of inPieces(indexes)) {
    const rows = await selectSegments(db)
      .clearSelect()
      .select(['segment.index', 'segment.start_ms', 'edit.start_ms as edited_start_ms'])
      .where('segment.job_id', '=', jobId)
      .where(
        'segment.index',
        'in',
        piece.map((index) => first + index),
      )
      .execute();
    for (const row of rows) {
      starts.set(indexIn(row.index), { now: (row.edited_start_ms ?? row.start_ms) / 1000, heard: row.start_ms / 1000 });
    }
  }
  return starts;
}

/** An edit at its place. */
export interface PlacedEdit extends EditPlace {
  readonly wording: Wording;
}

/** The place that is free beside the edit that stands. */
export function freePlace(place: EditPlace['place'] | null): EditPlace['place'] {
  return place === 1 ? 2 : 1;
}

/** Writes edits, of which none counts before it stands, and what they are found by. */
export async function writeEdits(
  tx: Transaction<Tables>,
  transcript: Transcript,
  edits: readonly PlacedEdit[],
): Promise<void> {
  await insertEdits(tx, transcript, edits);
  await addEditEntries(
    tx,
    transcript.jobId,
    edits.map(({ index, place, wording: { text } }) => ({ index, place, text })),
  );
}

/** Writes edits alone. */
export async function insertEdits(
  tx: Transaction<Tables>,
  { jobId, first }: Transcript,
  edits: readonly PlacedEdit[],
): Promise<void> {
  const rows = edits.map(({ index, place, wording }) => ({
    job_id: jobId,
    index: first + index,
    place,
    start_ms: Math.round(wording.startSeconds * 1000),
    end_ms: Math.round(wording.endSeconds * 1000),
    text: wording.text,
    speaker: wording.speaker,
    words: wording.words === null ? null : toJson(wording.words),
  }));
  await tx
    .insertInto('edit')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['job_id', 'index', 'place']).doUpdateSet((eb) => ({
        start_ms: eb.ref('excluded.start_ms'),
        end_ms: eb.ref('excluded.end_ms'),
        text: eb.ref('excluded.text'),
        speaker: eb.ref('excluded.speaker'),
        words: eb.ref('excluded.words'),
      })),
    )
    .execute();
}

/** Has edits stand for their segments. */
export async function standEdits(
  tx: Transaction<Tables>,
  { jobId, first }: Transcript,
  edits: readonly EditPlace[],
): Promise<void> {
  if (edits.length === 0) return;
  await tx
    .insertInto('edited')
    .values(edits.map(({ index, place }) => ({ job_id: jobId, index: first + index, place })))
    .onConflict((conflict) =>
      conflict.columns(['job_id', 'index']).doUpdateSet((eb) => ({ place: eb.ref('excluded.place') })),
    )
    .execute();
}

/** Has what the engine heard stand for segments again; for all, where none are named. */
export async function standHeard(
  tx: Transaction<Tables>,
  { jobId, first }: Transcript,
  indexes?: readonly number[],
): Promise<void> {
  const all = tx.deleteFrom('edited').where('job_id', '=', jobId);
  if (indexes === undefined) await all.execute();
  else
    for (const piece of inPieces(indexes.map((index) => first + index)))
      await all.where('index', 'in', piece).execute();
}

/** Removes edits that stand no more. */
export async function removeEdits(
  tx: Transaction<Tables>,
  { jobId, first }: Transcript,
  edits: readonly EditPlace[],
): Promise<void> {
  for (const [place, those] of Map.groupBy(edits, (edit) => edit.place)) {
    const indexes = those.map(({ index }) => first + index);
    await tx
      .deleteFrom('edit')
      .where('job_id', '=', jobId)
      .where('place', '=', place)
      .where('index', 'in', indexes)
      .execute();
  }
  await removeEditEntries(tx, jobId, edits);
}

/** Takes all edits of a job away with its transcript; their texts go later, slice by slice. */
export async function voidEdits(tx: Transaction<Tables>, jobId: string): Promise<void> {
  const { numDeletedRows } = await tx.deleteFrom('edited').where('job_id', '=', jobId).executeTakeFirstOrThrow();
  if (numDeletedRows > 0n) await noteStale(tx, jobId);
}

/** Notes that there may be something to sweep, also by the next process. */
export async function noteStale(tx: Transaction<Tables>, jobId: string): Promise<void> {
  await tx
    .insertInto('stale_edit')
    .values({ job_id: jobId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** A slice takes milliseconds. */
const rowsPerSlice = 50;

/** Removes what stands for nothing: edits, transcripts that were replaced or that never came to stand, and events that never came to be. Must have the job's turn. */
export function sweepStale(connection: Connection, jobId: string): Promise<void> {
  return sweep(connection, jobId, (act) => act());
}

/** As `sweepStale`, in a turn of its own for each slice: whoever corrects the transcript meanwhile waits for no more than one. */
export function sweepInTurns(connection: Connection, jobId: string): Promise<void> {
  return sweep(connection, jobId, (act) => connection.inTurn(jobId, act));
}

type Turn = <T>(act: () => Promise<T>) => Promise<T>;

async function sweep(connection: Connection, jobId: string, turn: Turn): Promise<void> {
  const inSlice = <T>(act: (tx: Transaction<Tables>) => Promise<T>) => turn(() => commit(connection, act));
  for (let after: EditKey | null = { index: -1, place: 1 }; after !== null; await setImmediate()) {
    const from: EditKey = after;
    after = await inSlice((tx) => sweepSlice(tx, jobId, from));
  }
  for (const slice of [forgetVoices, removeReplaced, removeReplacedEdited, removeUnborn]) {
    while (await inSlice((tx) => slice(tx, jobId))) await setImmediate();
  }
  await inSlice(async (tx) => {
    await dropPrepared(tx, jobId);
    await tx.deleteFrom('stale_edit').where('job_id', '=', jobId).execute();
  });
  await removeVoid(connection);
}

/** Where an edit is among those of all revisions. */
type EditKey = Pick<Tables['edit'], 'index' | 'place'>;

/** The last that it looked at; null where there are no more. */
async function sweepSlice(tx: Transaction<Tables>, jobId: string, from: EditKey): Promise<EditKey | null> {
  const transcript = await readTranscript(tx, jobId);
  const rows = await tx
    .selectFrom('edit')
    .leftJoin('edited', (join) =>
      join
        .onRef('edited.job_id', '=', 'edit.job_id')
        .onRef('edited.index', '=', 'edit.index')
        .onRef('edited.place', '=', 'edit.place'),
    )
    .select(['edit.index', 'edit.place', 'edited.place as standing'])
    .where('edit.job_id', '=', jobId)
    .where((eb) => eb(eb.refTuple('edit.index', 'edit.place'), '>', eb.tuple(from.index, from.place)))
    .orderBy('edit.index')
    .orderBy('edit.place')
    .limit(rowsPerSlice)
    .execute();
  const [own, others] = [true, false].map((isOwn) =>
    rows.filter(({ index }) => (index - indexIn(index) === transcript.first) === isOwn),
  );
  const stale = (own ?? []).filter(({ standing }) => standing === null);
  const places = stale.map(({ index, place }) => ({ index: indexIn(index), place }));
  if (places.length > 0) await removeEdits(tx, transcript, places);
  // What those are found by goes with their transcript.
  const indexes = (others ?? []).map(({ index }) => index);
  if (indexes.length > 0)
    await tx.deleteFrom('edit').where('job_id', '=', jobId).where('index', 'in', indexes).execute();
  return rows.at(-1) ?? null;
}

/** So often speakers are told apart again; then how voices sound is of no more use. */
export const mostDetections = 20;

/** Of a job whose speakers were told apart so often, and of one that is no more. */
async function forgetVoices(tx: Transaction<Tables>, jobId: string): Promise<boolean> {
  const job = await tx.selectFrom('job').select('detections').where('id', '=', jobId).executeTakeFirst();
  if (job !== undefined && job.detections < mostDetections) return false;
  const rows = await tx.selectFrom('voice').select('clip').where('job_id', '=', jobId).limit(rowsPerSlice).execute();
  const clips = rows.map(({ clip }) => clip);
  if (clips.length > 0) await tx.deleteFrom('voice').where('job_id', '=', jobId).where('clip', 'in', clips).execute();
  return clips.length > 0;
}

/** Segments of transcripts that do not stand, but for what the engine heard, of which the next one is made. */
async function removeReplaced(tx: Transaction<Tables>, jobId: string): Promise<boolean> {
  const { first } = await readTranscript(tx, jobId);
  const hasVoices = await tx.selectFrom('voice').select('clip').where('job_id', '=', jobId).limit(1).executeTakeFirst();
  const least = first > 0 && hasVoices === undefined ? 0 : firstIndex(1);
  return removeAround(tx, 'segment', { jobId, first }, { least, limit: rowsPerSlice });
}

async function removeReplacedEdited(tx: Transaction<Tables>, jobId: string): Promise<boolean> {
  const transcript = await readTranscript(tx, jobId);
  return removeAround(tx, 'edited', transcript, { least: 0, limit: 10 * rowsPerSlice });
}

/** Removes some of the rows before and after those of a transcript. One statement for both would read all that is between them at its end. */
async function removeAround(
  tx: Transaction<Tables>,
  table: 'segment' | 'edited',
  { jobId, first }: Transcript,
  { least, limit }: { readonly least: number; readonly limit: number },
): Promise<boolean> {
  const ranges = [
    { from: least, before: first },
    { from: Math.max(least, first + firstIndex(1)), before: Number.MAX_SAFE_INTEGER },
  ];
  for (const { from, before } of ranges) {
    const rows = await tx
      .selectFrom(table)
      .select('index')
      .where('job_id', '=', jobId)
      .where('index', '>=', from)
      .where('index', '<', before)
      .orderBy('index')
      .limit(limit)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) continue;
    const gone = tx.deleteFrom(table).where('job_id', '=', jobId).where('index', '>=', from);
    await gone.where('index', '<=', last.index).execute();
    return true;
  }
  return false;
}

async function removeUnborn(tx: Transaction<Tables>, jobId: string): Promise<boolean> {
  const newest = sql<number>`coalesce((select event_seq from job where job.id = ${jobId}), 0)`;
  const rows = await tx
    .selectFrom('event')
    .select('seq')
    .where('job_id', '=', jobId)
    .where('seq', '>', newest)
    .limit(rowsPerSlice)
    .execute();
  const seqs = rows.map(({ seq }) => seq);
  if (seqs.length > 0) await tx.deleteFrom('event').where('job_id', '=', jobId).where('seq', 'in', seqs).execute();
  return seqs.length > 0;
}
