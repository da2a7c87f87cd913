import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { InvalidInputError, JobStatusError } from '../../../errors.ts';
import { isFinished, type Job } from '../../../jobs/job.ts';
import type { SegmentEdit, StoredSegment } from '../../../jobs/transcript.ts';
import { applyEdit } from '../../../transcripts/editing/apply-edit.ts';
import { checkEdits, checkIndexes, firstOutOfOrder } from '../../../transcripts/editing/check-edits.ts';
import type { Edited, TranscriptEditor } from '../../store.ts';
import { actOnFound, type Connection, inPieces } from '../database/connection.ts';
import { cleanText } from '../database/json.ts';
import { begunAnew, readTranscript, segmentsPerRevision, type Transcript } from '../database/revision.ts';
import { countClears, readJob, selectSegments, toStoredSegment } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import type { EditPlace } from '../search/entries.ts';
import { carryOut, correctionOf, type EditChange, type Ended, reversalOf } from './correction.ts';
import { nowOf, readStarts, readVersions, sweepStale, type Version } from './edit-rows.ts';
import { readMerged, readSpeakersOf, renameSpeaker } from './speakers.ts';

/** What corrects transcripts. */
export function transcriptEditor(connection: Connection): TranscriptEditor {
  const untilDone = async (id: string, attempt: () => Promise<Attempted>) => {
    for (;;) {
      const attempted = await attempt();
      if (attempted !== 'OVERTAKEN') return attempted;
      await sweepStale(connection, id);
    }
  };
  return {
    editSegments: (id, edits, seenSeq) =>
      takeTurn(connection, { id, seenSeq }, (seen) => untilDone(id, () => editSegments(connection, id, edits, seen))),
    revertSegments: (id, indexes, seenSeq) =>
      takeTurn(connection, { id, seenSeq }, (seen) =>
        untilDone(id, () => revertSegments(connection, id, indexes, seen)),
      ),
    renameSpeaker: (id, ...rest) => renameSpeaker(connection, id, ...rest),
  };
}

/**
 * Corrects a transcript in turn. Refuses at once what need not wait, and after its turn has come what was asked for of a transcript that was begun anew meanwhile:
 * who has not said which one is meant cannot have meant one that was not there yet. Null = unknown id.
 */
export async function takeTurn<T>(
  connection: Connection,
  { id, seenSeq }: { readonly id: string; readonly seenSeq: number | null },
  correct: (seenSeq: number) => Promise<T>,
): Promise<T | null> {
  const found = readEnded(connection.db, id, seenSeq);
  return await actOnFound(connection, { jobId: id, found }, async (ended) =>
    ended === null ? null : await correct(seenSeq ?? ended.job.lastEventSeq),
  );
}

/** Null = unknown id. Something else has happened to the job meanwhile: it must be looked at again. */
type Attempted = Edited | null | 'OVERTAKEN';

async function editSegments(
  connection: Connection,
  id: string,
  ...[given, seenSeq]: readonly [readonly SegmentEdit[], number]
): Promise<Attempted> {
  const { db } = connection;
  const ended = await readEnded(db, id, seenSeq);
  if (ended === null) return null;
  const { job, transcript } = ended;
  const edits = given.map(kept);
  const indexes = edits.map(({ index }) => index);
  checkIndexes(indexes, job.segmentCount, (at) => `edits.${at}.index`);
  if (edits.length === 0) return { job, segments: [] };
  const versions = new Map<number, Version>();
  for (let at = 0; at < indexes.length; at += versionsAtOnce) {
    const some = await readVersions(db, transcript, indexes.slice(at, at + versionsAtOnce));
    for (const [index, version] of some) versions.set(index, version);
    await setImmediate();
  }
  await check(db, { ...ended, edits, versions });
  const changes: EditChange[] = [];
  let since = performance.now();
  for (const edit of edits.toSorted((a, b) => a.index - b.index)) {
    const version = versions.get(edit.index);
    if (version === undefined) return requireOvertaken(db, job);
    changes.push({ index: edit.index, version, wording: applyEdit(version.heard, nowOf(version), edit) });
    if (performance.now() - since < turnMs) continue;
    await setImmediate();
    since = performance.now();
  }
  if (!(await carryOut(connection, correctionOf(ended, changes, await connection.now(db))))) return 'OVERTAKEN';
  return readEdited(db, id, indexes);
}

/** Read with their words in a few milliseconds. */
const versionsAtOnce = 100;
/** After so long others have their turn. */
const turnMs = 5;

/** A segment that a job has is missing: because of what happened to it meanwhile, or the database is broken. */
async function requireOvertaken(db: Kysely<Tables>, job: Job): Promise<'OVERTAKEN'> {
  const now = await readJob(db, job.id);
  if (now?.lastEventSeq === job.lastEventSeq) throw new Error(`The job ${job.id} has fewer segments than it counts.`);
  return 'OVERTAKEN';
}

/** An edit in the form in which it is kept. */
function kept(edit: SegmentEdit): SegmentEdit {
  const { index, text, speaker, startSeconds, endSeconds } = edit;
  return {
    index,
    ...(text === undefined ? {} : { text: cleanText(text) }),
    ...(speaker === undefined ? {} : { speaker }),
    ...(startSeconds === undefined ? {} : { startSeconds: inMs(startSeconds) }),
    ...(endSeconds === undefined ? {} : { endSeconds: inMs(endSeconds) }),
  };
}

function inMs(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** A job whose transcript may be corrected. Null = unknown id. Throws JobStatusError, and InvalidInputError where its segments are others by now. */
export async function readEnded(db: Kysely<Tables>, id: string, seenSeq: number | null): Promise<Ended | null> {
  const job = await readJob(db, id);
  if (job === null) return null;
  if (!isFinished(job.status))
    throw new JobStatusError(
      job.status,
      `The job is ${job.status}.`,
      'Its transcript can be corrected when it has ended.',
    );
  const ended = { job, transcript: await readTranscript(db, id) };
  if (seenSeq === null) return ended;
  if (!Number.isInteger(seenSeq) || seenSeq < 0 || seenSeq > job.lastEventSeq)
    throw new InvalidInputError(
      'seenSeq',
      `seenSeq must be from 0 to ${job.lastEventSeq}, the newest event of the job.`,
    );
  const anew = await begunAnew(db, id, seenSeq);
  if (anew === null) return ended;
  const hint = 'Read the segments again: those with the same indexes are others.';
  throw new InvalidInputError('seenSeq', `The transcript was made anew with event ${anew}.`, hint);
}

interface Checked extends Ended {
  readonly edits: readonly SegmentEdit[];
  readonly versions: ReadonlyMap<number, Version>;
}

async function check(db: Kysely<Tables>, { job, transcript, edits, versions }: Checked): Promise<void> {
  const moved = edits.filter(({ startSeconds }) => startSeconds !== undefined);
  const beside = moved.flatMap(({ index }) => [index - 1, index + 1]).filter((index) => !versions.has(index));
  const starts = await readStarts(db, transcript, beside);
  const speakers = await readSpeakersOf(db, job.id);
  checkEdits(edits, {
    durationSeconds: job.media.durationSeconds,
    speakers: speakers.map(({ key }) => key),
    merged: [...(await readMerged(db, job.id)).keys()],
    timesOf(index) {
      const version = versions.get(index);
      if (version !== undefined) return nowOf(version);
      const start = starts.get(index)?.now;
      return start === undefined ? undefined : { startSeconds: start, endSeconds: start };
    },
  });
}

/** What was changed is answered up to so many segments; the events tell all. */
const segmentsInAnswer = 500;

async function revertSegments(
  connection: Connection,
  id: string,
  ...[indexes, seenSeq]: readonly [readonly number[] | null, number]
): Promise<Attempted> {
  const { db } = connection;
  const ended = await readEnded(db, id, seenSeq);
  if (ended === null) return null;
  const { job, transcript } = ended;
  const named = indexes === null ? null : [...new Set(indexes)];
  checkIndexes(named ?? [], job.segmentCount, (at) => `indexes.${at}`);
  const edits = await readStanding(db, transcript, named);
  if (edits.length > 0) {
    if (named !== null) await checkOrder(db, transcript, edits);
    if (!(await carryOut(connection, reversalOf(ended, { edits, areAll: named === null }, await connection.now(db)))))
      return 'OVERTAKEN';
  }
  return readEdited(db, id, named ?? edits.slice(0, segmentsInAnswer).map(({ index }) => index));
}

/** Of so small rows a slice takes milliseconds. */
const standingAtOnce = 2000;

/** The edits that stand, of the named segments or of all. */
async function readStanding(
  db: Kysely<Tables>,
  { jobId, first }: Transcript,
  named: readonly number[] | null,
): Promise<readonly EditPlace[]> {
  const standing = db
    .selectFrom('edited')
    .select((eb) => [eb('index', '-', first).as('index'), 'place'])
    .where('job_id', '=', jobId)
    .where('index', '<', first + segmentsPerRevision)
    .orderBy('index');
  const edits: EditPlace[] = [];
  if (named !== null) {
    for (const piece of inPieces(named.map((index) => first + index)))
      edits.push(...(await standing.where('index', 'in', piece).execute()));
    return edits.toSorted((a, b) => a.index - b.index);
  }
  for (let rows = 0; rows % standingAtOnce === 0; await setImmediate()) {
    const after = edits.at(-1)?.index ?? -1;
    const some = await standing
      .where('index', '>', first + after)
      .limit(standingAtOnce)
      .execute();
    if (some.length === 0) break;
    edits.push(...some);
    rows = edits.length;
  }
  return edits;
}

/** Throws InvalidInputError where a segment would begin before the one before it. */
async function checkOrder(db: Kysely<Tables>, transcript: Transcript, edits: readonly EditPlace[]): Promise<void> {
  const reverted = new Set(edits.map(({ index }) => index));
  const starts = await readStarts(db, transcript, [
    ...new Set([...reverted].flatMap((index) => [index - 1, index, index + 1])),
  ]);
  const moved = [...reverted].filter((index) => starts.get(index)?.heard !== starts.get(index)?.now);
  const wrong = firstOutOfOrder(moved, (index) => starts.get(index)?.[reverted.has(index) ? 'heard' : 'now']);
  if (wrong === null) return;
  throw new InvalidInputError(
    'indexes',
    `Segment ${wrong} would begin out of order, since one beside it was moved.`,
    'Revert that one, too, or all of them.',
  );
}

/** A job after its transcript was corrected, with some of its segments. */
async function readEdited(db: Kysely<Tables>, id: string, indexes: readonly number[]): Promise<Edited | null> {
  const job = await readJob(db, id);
  if (job === null) return null;
  const { first } = await readTranscript(db, id);
  const segments: StoredSegment[] = [];
  for (const piece of inPieces(indexes.map((index) => first + index).toSorted((a, b) => a - b))) {
    const rows = await selectSegments(db)
      .select(countClears(id))
      .where('segment.job_id', '=', id)
      .where('segment.index', 'in', piece)
      .orderBy('segment.index')
      .execute();
    segments.push(...rows.map(toStoredSegment));
    await setImmediate();
  }
  return { job, segments };
}
