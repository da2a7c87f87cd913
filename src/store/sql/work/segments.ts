import type { Insertable, Transaction } from 'kysely';
import type { JobFact } from '../../../jobs/job.ts';
import type { NewSegment, Segment, Word } from '../../../jobs/transcript.ts';
import { inPieces } from '../database/connection.ts';
import { cleanText, toJson } from '../database/json.ts';
import type { Transcript } from '../database/revision.ts';
import type { Tables } from '../database/tables.ts';
import { voidEdits } from '../editing/edit-rows.ts';
import { clearSpeakers, count, saveTallies, type Tallies } from '../editing/speakers.ts';
import { removeVoices } from '../speakers/voices.ts';
import { removeParts } from './part-rows.ts';
import { voidEntries } from '../search/entries.ts';

/** Gives segments their places, and the form in which they are kept: times in whole milliseconds, clean text. */
export function numberSegments(segments: readonly NewSegment[], firstIndex: number): readonly Segment[] {
  return segments.map((segment, offset) => ({
    index: firstIndex + offset,
    startSeconds: toMs(segment.startSeconds) / 1000,
    endSeconds: toMs(segment.endSeconds) / 1000,
    text: cleanText(segment.text),
    language: cleanName(segment.language),
    speaker: cleanName(segment.speaker),
    avgLogProbability: segment.avgLogProbability,
    noSpeechProbability: segment.noSpeechProbability,
    guard: cleanName(segment.guard),
    words: segment.words === null ? null : segment.words.map(keepWord),
  }));
}

function keepWord(word: Word): Word {
  return {
    startSeconds: toMs(word.startSeconds) / 1000,
    endSeconds: toMs(word.endSeconds) / 1000,
    text: cleanText(word.text),
    probability: word.probability,
    speaker: cleanName(word.speaker),
  };
}

function cleanName(name: string | null): string | null {
  return name === null ? null : cleanText(name);
}

/** Stores segments that have their places; what clients are to be told of those who speak in them. */
export async function insertSegments(
  tx: Transaction<Tables>,
  jobId: string,
  segments: readonly Segment[],
): Promise<readonly JobFact[]> {
  await insertRows(tx, { jobId, first: 0 }, segments);
  const tallies: Tallies = new Map();
  for (const segment of segments) count(tallies, segment, 1);
  return saveTallies(tx, jobId, { tallies, heard: 1 });
}

/** Stores segments of a transcript, with what each is a part of where they were cut. */
export async function insertRows(
  tx: Transaction<Tables>,
  { jobId, first }: Transcript,
  ...[segments, parts]: readonly [readonly Segment[], (readonly number[])?]
): Promise<void> {
  const rows = segments.map((segment, at) => ({
    ...segmentRow(jobId, segment),
    index: first + segment.index,
    part_of: parts?.[at] ?? null,
  }));
  for (const piece of inPieces(rows)) await tx.insertInto('segment').values(piece).execute();
}

/** Deletes the segments of a job with what somebody has made of them, and the names of its speakers; what its clients are to be told. Nothing was sent before the first attempt, so nothing is void then. */
export async function clearTranscript(tx: Transaction<Tables>, jobId: string): Promise<readonly JobFact[]> {
  await tx.deleteFrom('segment').where('job_id', '=', jobId).execute();
  await voidEntries(tx, jobId);
  await voidEdits(tx, jobId);
  await removeVoices(tx, jobId);
  await removeParts(tx, jobId);
  const speakers = await clearSpeakers(tx, jobId);
  const attempt = await lastAttempt(tx, jobId);
  return attempt === 0 ? [] : [{ kind: 'TRANSCRIPT_CLEARED', attempt }, ...speakers];
}

/** Number of the newest attempt; 0 before the first. */
export async function lastAttempt(tx: Transaction<Tables>, jobId: string): Promise<number> {
  const last = await tx
    .selectFrom('attempt')
    .select('number')
    .where('job_id', '=', jobId)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last?.number ?? 0;
}

function segmentRow(jobId: string, segment: Segment): Insertable<Tables['segment']> {
  return {
    job_id: jobId,
    index: segment.index,
    start_ms: toMs(segment.startSeconds),
    end_ms: toMs(segment.endSeconds),
    text: segment.text,
    language: segment.language,
    speaker: segment.speaker,
    avg_log_probability: segment.avgLogProbability,
    no_speech_probability: segment.noSpeechProbability,
    guard: segment.guard,
    words: segment.words === null ? null : toJson(segment.words),
  };
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}
