import { setImmediate } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import type { JobFact } from '../../../jobs/job.ts';
import type { CutSegment, Segment } from '../../../jobs/transcript.ts';
import { editedSegment } from '../../../transcripts/editing/apply-edit.ts';
import { openNameKeeper } from '../../../transcripts/editing/keep-names.ts';
import { type Recut, recut } from '../../../transcripts/editing/recut.ts';
import { commit, type Connection } from '../database/connection.ts';
import { firstIndex, type Transcript } from '../database/revision.ts';
import type { Tables } from '../database/tables.ts';
import { charactersOf, type Ended, eventCharacters, segmentsInEvent } from '../editing/correction.ts';
import { insertEdits, noteStale, nowOf, standEdits, sweepStale } from '../editing/edit-rows.ts';
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

/**
 * Writes the transcript of a job cut anew beside the one that stands, slice by slice, with what somebody has made of its texts and with its events. Must have the
 * job's turn. Throws what the segments throw.
 */
export async function prepareTold(
  connection: Connection,
  ended: Ended,
  cut: AsyncIterable<readonly CutSegment[]>,
): Promise<Prepared> {
  const { job, transcript } = ended;
  await sweepStale(connection, job.id);
  const entries = await commit(connection, async (tx) => {
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
  const writer = openWriter(connection, { job, next, entries });
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

interface WriterParts extends Pick<Ended, 'job'> {
  readonly next: Transcript;
  readonly entries: number;
}

function openWriter(connection: Connection, { job, next, entries }: WriterParts) {
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
    await commit(connection, async (tx) => {
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
    for (const [at, segment] of segments.entries()) {
      const wording = page[at]?.wording ?? null;
      await tell(wording === null ? segment : editedSegment(segment, wording));
    }
    written += page.length;
    [page, letters] = [[], 0];
    await setImmediate();
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
    await commit(connection, (tx) => addFacts(tx, place, { facts, time: connection.now() }));
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
