import { setImmediate } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import type { JobFact } from '../../../jobs/job.ts';
import type { CutSegment, Segment } from '../../../jobs/transcript.ts';
import { editedSegment } from '../../../transcripts/editing/apply-edit.ts';
import { openNameKeeper } from '../../../transcripts/editing/keep-names.ts';
import { type Recut, recut } from '../../../transcripts/editing/recut.ts';
import { commit, type Connection } from '../database/connection.ts';
import { firstIndex, readTranscript, type Transcript } from '../database/revision.ts';
import { readJob } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { charactersOf, type Ended, eventCharacters, segmentsInEvent } from '../editing/correction.ts';
import { insertEdits, noteStale, nowOf, standEdits, sweepInTurns, sweepStale } from '../editing/edit-rows.ts';
import { count, readSpeakersOf, replaceSpeakers, type Tallies } from '../editing/speakers.ts';
import { addFacts } from '../jobs/change.ts';
import { prepareEntries, standEntries, writeEditEntries, writeEntries } from '../search/entries.ts';
import { insertRows, lastAttempt, numberSegments } from '../work/segments.ts';
import { openVersions } from './versions.ts';

/** A transcript that is written, and that nobody sees. */
export interface Prepared {
  readonly segments: number;
  readonly events: number;
  /** Its number in the search index. */
  readonly entries: number;
  /** Its speakers in their order, with what each has. */
  readonly tallies: Tallies;
  readonly names: ReadonlyMap<string, string>;
}

/** Written at once: segments, and letters of them, of which 10,000 take 15 ms where every word is long. */
const [segmentsAtOnce, charactersAtOnce] = [50, 10_000];

/** Whether who tells speakers apart may still write. */
type IsHeld = (tx: Transaction<Tables>) => Promise<boolean>;

/** Who told speakers apart may not write any more. */
class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** What is told of a job, and who tells it. */
export interface Telling {
  readonly jobId: string;
  readonly cut: AsyncIterable<readonly CutSegment[]>;
  /** Asked in the transaction of each slice: a worker that was given up writes nothing beside the one that has come in its place. */
  readonly isHeld: IsHeld;
  /** Has what is prepared stand; false where somebody else may write by now. */
  readonly stand: (ended: Ended, prepared: Prepared) => Promise<boolean>;
}

/**
 * Has a job's transcript be one that is cut anew, all or nothing: it is written in slices beside the one that stands, and one small transaction has it stand. What it
 * replaces is swept afterwards, as everybody else has a turn. False where there is no such job, or somebody else may write by now. Throws what the segments throw.
 */
export async function tellAnew(connection: Connection, { jobId, cut, isHeld, stand }: Telling): Promise<boolean> {
  try {
    const isDone = await connection.inTurn(jobId, async () => {
      const job = await readJob(connection.db, jobId);
      if (job === null) return false;
      const ended = { job, transcript: await readTranscript(connection.db, jobId) };
      return stand(ended, await prepare(connection, ended, { cut, isHeld }));
    });
    await sweepInTurns(connection, jobId);
    return isDone;
  } catch (error) {
    // What was begun is for the one that has come in its place to sweep.
    if (error instanceof LeaseLostError) return false;
    await sweepInTurns(connection, jobId);
    throw error;
  }
}

/** Writes the transcript of a job cut anew, slice by slice, with what somebody has made of its texts and with its events. Must have the job's turn. */
async function prepare(
  connection: Connection,
  ended: Ended,
  { cut, isHeld }: Pick<Telling, 'cut' | 'isHeld'>,
): Promise<Prepared> {
  const { job, transcript } = ended;
  const write: Write = (act) =>
    commit(connection, async (tx) => {
      if (!(await isHeld(tx))) throw new LeaseLostError(job.id);
      return act(tx);
    });
  await sweepStale(connection, job.id);
  const entries = await write(async (tx) => {
    await noteStale(tx, job.id);
    return prepareEntries(tx, job.id);
  });
  const speakers = await readSpeakersOf(connection.db, job.id);
  const keeper = openNameKeeper();
  // Most were never touched.
  const isTouched = job.edited || speakers.some(({ name }) => name !== null);
  const versions = openVersions(connection.db, transcript);
  async function* recutAll(): AsyncGenerator<readonly PartOf[]> {
    for await (const parts of bySegment(cut)) {
      const [first] = parts;
      if (first === undefined) continue;
      const { partOf } = first;
      if (!isTouched) {
        yield parts.map((heard) => ({ heard, wording: null, partOf }));
        continue;
      }
      const before = await versions.of(partOf, Math.max(...parts.map(({ endSeconds }) => endSeconds)));
      const said = before.map((version) => ({ ...version.heard, speaker: nowOf(version).speaker }));
      keeper.count(parts, said);
      yield recut(parts, before).map((part) => ({ ...part, partOf }));
    }
  }
  const next = { jobId: job.id, first: transcript.first + firstIndex(1) };
  const writer = openWriter(write, { job, next, entries, now: connection.now });
  for await (const part of inOrder(recutAll())) await writer.add(part);
  return { ...(await writer.end()), entries, names: keeper.names(speakers) };
}

interface PartOf extends Recut {
  readonly partOf: number;
}

/** The parts of each segment together. */
async function* bySegment(cut: AsyncIterable<readonly CutSegment[]>): AsyncGenerator<readonly CutSegment[]> {
  let parts: CutSegment[] = [];
  for await (const some of cut) {
    for (const part of some) {
      if (parts[0] !== undefined && parts[0].partOf !== part.partOf) {
        yield parts;
        parts = [];
      }
      parts.push(part);
    }
  }
  yield parts;
}

/** Parts in the order of their beginnings: one can begin after the segment that follows its own. */
async function* inOrder(segments: AsyncIterable<readonly PartOf[]>): AsyncGenerator<PartOf> {
  let waiting: readonly PartOf[] = [];
  for await (const parts of segments) {
    const from = Math.min(...parts.map(({ heard }) => heard.startSeconds));
    yield* waiting.filter(({ heard }) => heard.startSeconds <= from);
    waiting = [...waiting.filter(({ heard }) => heard.startSeconds > from), ...parts].toSorted(
      (a, b) => a.heard.startSeconds - b.heard.startSeconds,
    );
  }
  yield* waiting;
}

/** One transaction of who may write. */
type Write = <T>(act: (tx: Transaction<Tables>) => Promise<T>) => Promise<T>;

interface WriterParts extends Pick<Ended, 'job'>, Pick<Connection, 'now'> {
  readonly next: Transcript;
  readonly entries: number;
}

function openWriter(write: Write, { job, next, entries, now }: WriterParts) {
  const tallies: Tallies = new Map();
  let [written, events, letters, told] = [0, 0, 0, 0];
  let page: PartOf[] = [];
  let event: Segment[] = [];

  async function writePage(): Promise<void> {
    const segments = numberSegments(
      page.map(({ heard }) => heard),
      written,
    );
    const parts = page.map(({ partOf }) => partOf);
    const edits = page.flatMap(({ wording }, at) =>
      wording === null ? [] : [{ index: written + at, place: 1 as const, wording }],
    );
    await write(async (tx) => {
      await insertRows(tx, next, segments, parts);
      await writeEntries(tx, entries, segments);
      if (edits.length === 0) return;
      await insertEdits(tx, next, edits);
      await standEdits(tx, next, edits);
      await writeEditEntries(
        tx,
        entries,
        edits.map(({ index, place, wording: { text } }) => ({ index, place, text })),
      );
    });
    await setImmediate();
    for (const [at, segment] of segments.entries()) {
      const wording = page[at]?.wording ?? null;
      await tell(wording === null ? segment : editedSegment(segment, wording));
    }
    written += page.length;
    [page, letters] = [[], 0];
  }

  async function tell(segment: Segment): Promise<void> {
    count(tallies, segment, 1);
    const characters = charactersOf(segment);
    if (event.length === segmentsInEvent || (event.length > 0 && told + characters > eventCharacters))
      await writeEvent();
    event.push(segment);
    told += characters;
  }

  async function writeEvent(): Promise<void> {
    // The first event is that the transcript is void.
    const place = { id: job.id, event_seq: job.lastEventSeq + 1 + events };
    const facts = [{ kind: 'SEGMENTS_ADDED', segments: event }] as const;
    await write(async (tx) => addFacts(tx, place, { facts, time: await now(tx) }));
    events += 1;
    [event, told] = [[], 0];
    await setImmediate();
  }

  return {
    async add(part: PartOf): Promise<void> {
      page.push(part);
      letters += part.heard.text.length + (part.wording?.text.length ?? 0);
      if (page.length >= segmentsAtOnce || letters >= charactersAtOnce) await writePage();
    },
    async end() {
      if (page.length > 0) await writePage();
      if (event.length > 0) await writeEvent();
      return { segments: written, events, tallies };
    },
  };
}

/** Has a transcript that is prepared stand from now on, in the transaction that proves that nothing else has happened to the job: what is to be written of the job with it. */
export async function standTold(
  tx: Transaction<Tables>,
  { job, transcript }: Ended,
  { prepared, time }: { readonly prepared: Prepared; readonly time: number },
) {
  const cleared: JobFact = { kind: 'TRANSCRIPT_CLEARED', attempt: await lastAttempt(tx, job.id) };
  await addFacts(tx, { id: job.id, event_seq: job.lastEventSeq }, { facts: [cleared], time });
  const told = job.lastEventSeq + 1 + prepared.events;
  const facts = await replaceSpeakers(tx, job.id, prepared);
  await addFacts(tx, { id: job.id, event_seq: told }, { facts, time });
  await standEntries(tx, job.id, prepared.entries);
  const revision = transcript.first / firstIndex(1) + 1;
  return { event_seq: told + facts.length, set: { revision, segment_count: prepared.segments } };
}
