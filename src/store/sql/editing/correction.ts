import { setImmediate } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import type { Job, JobFact } from '../../../jobs/job.ts';
import type { Segment } from '../../../jobs/transcript.ts';
import { editedSegment, type Wording } from '../../../transcripts/editing/apply-edit.ts';
import { commit, type Connection } from '../database/connection.ts';
import type { Transcript } from '../database/revision.ts';
import type { Tables } from '../database/tables.ts';
import { addFacts, changeJob, lockJob } from '../jobs/change.ts';
import type { EditPlace } from '../search/entries.ts';
import {
  freePlace,
  noteStale,
  nowOf,
  type PlacedEdit,
  readVersions,
  removeEdits,
  standEdits,
  standHeard,
  sweepStale,
  type Version,
  writeEdits,
} from './edit-rows.ts';
import { addTallies, count, saveTallies, type Tallies } from './speakers.ts';

/** How a segment is to stand from now on; null = as it was heard. */
export interface EditChange {
  readonly index: number;
  readonly version: Version;
  readonly wording: Wording | null;
}

/** A job that has ended, as it was looked at. */
export interface Ended {
  readonly job: Job;
  readonly transcript: Transcript;
}

/** Within one transaction, in milliseconds. */
export type Step = (tx: Transaction<Tables>) => Promise<unknown>;

/** What corrects a transcript. */
export interface Correction {
  /** As it was looked at: what is prepared for it is worth nothing once it is another. */
  readonly job: Job;
  /** Where its segments are. */
  readonly transcript: Transcript;
  /** Write what nobody sees before it is all there. */
  readonly prepare: readonly Step[];
  /** How many events they write, after the newest of the job. */
  readonly events: number;
  /** Has the edits stand, or stand no more; what clients hear of it beside. */
  readonly finish: (tx: Transaction<Tables>) => Promise<readonly JobFact[]>;
  /** What stands no more. */
  readonly replaced: readonly EditPlace[];
  /** What speakers gain and lose; known once it is prepared. */
  readonly tallies: () => Tallies;
}

/** Steps that are one transaction: the edits of a page and their event. */
const stepsAtOnce = 2;

/**
 * Corrects a transcript, all or nothing: what is large is written before, step by step, where nobody sees it, and one small transaction makes it count. False
 * where something else has happened to the job since it was looked at.
 */
export async function carryOut(connection: Connection, correction: Correction): Promise<boolean> {
  const { job, transcript, prepare, events, finish, replaced, tallies } = correction;
  const isSmall = prepare.length <= stepsAtOnce;
  // Whatever else happens to a job that has ended, takes it away or begins it anew, is an event.
  const isSame = async (tx: Transaction<Tables>) =>
    (await lockJob(tx, job.id, (eb) => eb('event_seq', '=', job.lastEventSeq))) !== undefined;
  if (!isSmall) {
    await commit(connection, (tx) => noteStale(tx, job.id));
    for (const step of prepare) {
      const isWritten = await commit(connection, async (tx) => {
        if (!(await isSame(tx))) return false;
        await step(tx);
        return true;
      });
      if (!isWritten) return false;
      await setImmediate();
    }
  }
  const isDone = await commit(connection, async (tx, notify) => {
    if (!(await isSame(tx))) return false;
    if (isSmall) for (const step of prepare) await step(tx);
    const told = await finish(tx);
    if (isSmall) await removeEdits(tx, transcript, replaced);
    const facts = [...told, ...(await saveTallies(tx, job.id, { tallies: tallies(), heard: 0 }))];
    const grown = { id: job.id, event_seq: job.lastEventSeq + events };
    await changeJob(tx, grown, { set: {}, facts, time: await connection.now(tx) });
    notify(job.id);
    return true;
  });
  if (isDone && !isSmall) await sweepStale(connection, job.id);
  return isDone;
}

/** Letters of edits that are indexed at once: 15 ms where every word is long, and mostly a few. */
const textCharactersAtOnce = 10_000;
/** Of segments as JSON in an event, about; at most 500 of them are told at once. */
export const eventCharacters = 200_000;
export const segmentsInEvent = 500;

/** What changes some segments. */
export function correctionOf({ job, transcript }: Ended, changes: readonly EditChange[], time: number): Correction {
  const tallies: Tallies = new Map();
  for (const { version, wording } of changes) {
    count(tallies, nowOf(version), -1);
    count(tallies, wording ?? version.heard, 1);
  }
  const placed = changes.flatMap(({ index, version, wording }): readonly PlacedEdit[] =>
    wording === null ? [] : [{ index, place: freePlace(version.place), wording }],
  );
  const segments = changes.map(({ version: { heard }, wording }) =>
    wording === null ? heard : editedSegment(heard, wording),
  );
  const pages = inPages(placed, ({ wording }) => wording.text.length, textCharactersAtOnce);
  const events = inPages(segments, charactersOf, eventCharacters);
  return {
    job,
    transcript,
    prepare: [
      ...pages.map(
        (page): Step =>
          (tx) =>
            writeEdits(tx, transcript, page),
      ),
      ...events.map(eventStep(job, time)),
    ],
    events: events.length,
    async finish(tx) {
      const heard = changes.filter(({ wording }) => wording === null).map(({ index }) => index);
      await standEdits(tx, transcript, placed);
      await standHeard(tx, transcript, heard);
      return [];
    },
    replaced: changes.flatMap(({ index, version: { place } }) => (place === null ? [] : [{ index, place }])),
    tallies: () => tallies,
  };
}

/** Writes segments as an event of a job, so many after its newest. */
export function eventStep(job: Job, time: number): (segments: readonly Segment[], at: number) => Step {
  return (segments, at) => (tx) => {
    const facts = [{ kind: 'SEGMENTS_CHANGED', segments }] as const;
    return addFacts(tx, { id: job.id, event_seq: job.lastEventSeq + at }, { facts, time });
  };
}

/** Of a segment as JSON, about. */
export function charactersOf({ text, words }: Segment): number {
  return 300 + 2 * text.length + (words?.length ?? 0) * 110;
}

/** Items in pages that are not too large, unless a single one is. */
function inPages<T>(items: readonly T[], sizeOf: (item: T) => number, maxSize: number): readonly (readonly T[])[] {
  const pages: T[][] = [];
  let size = 0;
  for (const item of items) {
    size += sizeOf(item);
    const last = pages.at(-1);
    if (last !== undefined && size <= maxSize && last.length < segmentsInEvent) {
      last.push(item);
      continue;
    }
    pages.push([item]);
    size = sizeOf(item);
  }
  return pages;
}

/** Read and told in one step: a few milliseconds. */
const revertedAtOnce = 100;

/** What makes segments those that the engine heard; `areAll`: no other is edited. */
export function reversalOf(
  { job, transcript }: Ended,
  { edits, areAll }: { readonly edits: readonly EditPlace[]; readonly areAll: boolean },
  time: number,
): Correction {
  // Of each page: a step may be run again.
  const talliesOf = new Map<number, Tallies>();
  const indexes = edits.map(({ index }) => index);
  const toStep = eventStep(job, time);
  const pages = Array.from({ length: Math.ceil(indexes.length / revertedAtOnce) }, (_, page) =>
    indexes.slice(page * revertedAtOnce, (page + 1) * revertedAtOnce),
  );
  return {
    job,
    transcript,
    prepare: pages.map((page, at): Step => async (tx) => {
      const versions = [...(await readVersions(tx, transcript, page)).values()];
      talliesOf.set(at, tally(versions));
      await toStep(
        versions.map(({ heard }) => heard),
        at,
      )(tx);
    }),
    events: pages.length,
    async finish(tx) {
      await standHeard(tx, transcript, areAll ? undefined : indexes);
      return [];
    },
    replaced: edits,
    tallies: () => talliesOf.values().reduce(addTallies, new Map()),
  };
}

/** What is gained and lost where these are as they were heard. */
function tally(versions: readonly Version[]): Tallies {
  const tallies: Tallies = new Map();
  for (const version of versions) {
    count(tallies, nowOf(version), -1);
    count(tallies, version.heard, 1);
  }
  return tallies;
}
