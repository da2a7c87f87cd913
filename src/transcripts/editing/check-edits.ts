import { InvalidInputError } from '../../errors.ts';
import type { Segment, SegmentEdit } from '../../jobs/transcript.ts';

type Times = Pick<Segment, 'startSeconds' | 'endSeconds'>;

/** What edits of a transcript are checked against. */
export interface EditBounds {
  /** Null where it is not known. */
  readonly durationSeconds: number | null;
  /** The keys that the transcript has. */
  readonly speakers: readonly string[];
  /** The keys of those who were merged into others. */
  readonly merged: readonly string[];
  /** Of the segments that are edited, and of those beside them whose begin is. */
  readonly timesOf: (index: number) => Times | undefined;
}

/** Far more than talk in a recording; lists of speakers are told as a whole. */
const mostSpeakers = 100;

/** Throws InvalidInputError where a segment is named that is not there, or one twice. */
export function checkIndexes(indexes: readonly number[], segmentCount: number, nameOf: (at: number) => string): void {
  const seen = new Set<number>();
  for (const [at, index] of indexes.entries()) {
    if (!Number.isInteger(index) || index < 0 || index >= segmentCount) {
      const range = segmentCount === 0 ? 'The job has no segments.' : `There are 0 to ${segmentCount - 1}.`;
      throw new InvalidInputError(nameOf(at), `${nameOf(at)} is ${index}, which is no segment. ${range}`);
    }
    if (seen.has(index)) throw new InvalidInputError(nameOf(at), `${nameOf(at)} is ${index} again.`);
    seen.add(index);
  }
}

/** Throws InvalidInputError where a time or a speaker cannot be. Times are whole milliseconds. */
export function checkEdits(edits: readonly SegmentEdit[], bounds: EditBounds): void {
  const edited = new Map(edits.map((edit) => [edit.index, edit]));
  const timesOf = (index: number) => {
    const times = bounds.timesOf(index);
    if (times === undefined) return undefined;
    const { startSeconds = times.startSeconds, endSeconds = times.endSeconds } = edited.get(index) ?? {};
    return { startSeconds, endSeconds };
  };
  for (const [at, edit] of edits.entries()) checkTimes(`edits.${at}`, edit, { ...bounds, timesOf });
  checkSpeakers(edits, bounds);
}

function checkTimes(field: string, edit: SegmentEdit, { durationSeconds, timesOf }: EditBounds): void {
  const times = timesOf(edit.index);
  const given = edit.startSeconds === undefined ? 'endSeconds' : 'startSeconds';
  if (times === undefined || (edit.startSeconds === undefined && edit.endSeconds === undefined)) return;
  const { startSeconds, endSeconds } = times;
  const refuse = (name: string, words: string) => {
    throw new InvalidInputError(`${field}.${name}`, `${field}.${name} ${words}.`);
  };
  if (startSeconds < 0) refuse('startSeconds', 'must be at least 0');
  if (startSeconds >= endSeconds)
    refuse(given, `leaves the segment from ${startSeconds} to ${endSeconds} s, which is no time`);
  const longest = durationSeconds === null ? Number.POSITIVE_INFINITY : Math.ceil(durationSeconds * 1000) / 1000;
  if (edit.endSeconds !== undefined && endSeconds > longest)
    refuse('endSeconds', `must be at most ${longest}, the length of the recording`);
  if (edit.startSeconds === undefined) return;
  const [before, after] = [timesOf(edit.index - 1), timesOf(edit.index + 1)];
  if (before !== undefined && startSeconds < before.startSeconds)
    refuse('startSeconds', `must be at least ${before.startSeconds}, where the segment before begins`);
  if (after !== undefined && startSeconds > after.startSeconds)
    refuse('startSeconds', `must be at most ${after.startSeconds}, where the next segment begins`);
}

function checkSpeakers(edits: readonly SegmentEdit[], { speakers: known, merged }: EditBounds): void {
  const named = edits.map(({ speaker }) => speaker).filter((key) => typeof key === 'string');
  const added = new Set(named.filter((key) => !known.includes(key)));
  const first = 1 + Math.max(0, ...[...known, ...merged].map(Number).filter(Number.isInteger));
  for (let next = first; added.delete(String(next)); next += 1);
  const wrong = edits.findIndex(({ speaker }) => typeof speaker === 'string' && added.has(speaker));
  if (wrong !== -1) {
    const allowed = [...known, `${first} (a new one)`].join(', ');
    throw new InvalidInputError(`edits.${wrong}.speaker`, `edits.${wrong}.speaker must be one of ${allowed}.`);
  }
  if (new Set([...known, ...merged, ...named]).size > mostSpeakers)
    throw new InvalidInputError('edits', `A transcript has at most ${mostSpeakers} speakers.`);
}

/** Of segments that begin at other times now one that begins before the one before it; null where there is none. */
export function firstOutOfOrder(indexes: readonly number[], startOf: (index: number) => number | undefined) {
  const isAfter = (one: number, other: number) => (startOf(one) ?? 0) > (startOf(other) ?? Number.POSITIVE_INFINITY);
  return indexes.find((index) => isAfter(index - 1, index) || isAfter(index, index + 1)) ?? null;
}
