import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { nextStatus, type SpeakerBounds } from '../../jobs/job.ts';
import type { Speaker, StoredSegment } from '../../jobs/transcript.ts';
import { parseQuery } from '../../transcripts/search/query.ts';
import type { Store } from '../store.ts';
import type { Lease } from '../work.ts';
import { checkStory } from './check-story.ts';
import { cutBy, wordy } from './speakers.ts';
import { added, claimed, eventsOf, newJob, newSegment, type OpenStore, progressAt, quietly } from './samples.ts';

const which = fc.nat({ max: 5 });
/** Words that are in no other text, and that a segment has one of. */
const word = fc.constantFrom('alpha', 'bravo', 'charlie', '東京', 'delta echo', 'foxtrot');
/** One time in four so long that edits are written in several transactions. */
const length = fc.constantFrom(0, 0, 0, 1500);

const edit = fc.record(
  {
    index: which,
    text: fc.tuple(word, length).map(([text, more]) => text + ' and so on'.repeat(more)),
    speaker: fc.constantFrom(null, '1', '2', '3'),
    startSeconds: fc.integer({ min: 0, max: 14 }).map((half) => half / 2),
    endSeconds: fc.integer({ min: 1, max: 14 }).map((half) => half / 2),
  },
  { requiredKeys: ['index'] },
);

/** What somebody does; where it is refused, nothing must change. */
const act = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('edit' as const), job: which, edits: fc.array(edit, { maxLength: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('revert' as const),
      job: which,
      indexes: fc.option(fc.array(which, { maxLength: 3 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('rename' as const),
      job: which,
      key: fc.constantFrom('1', '2', '3'),
      name: fc.option(word),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retry' as const), job: which, fromStart: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('work' as const), texts: fc.array(word, { maxLength: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('merge' as const),
      job: which,
      keys: fc.array(fc.constantFrom('1', '2', '3'), { minLength: 1, maxLength: 2 }),
      into: fc.constantFrom('1', '2', '3'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('tell' as const), job: which, speakers: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), job: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), job: which }) },
);
type Act = typeof act extends fc.Arbitrary<infer Each> ? Each : never;

/** What a client knows of a job that reads its events from time to time. */
interface Reader {
  seq: number;
  segments: readonly StoredSegment[];
  speakers: readonly Speaker[];
}

/** That whatever is corrected, and whatever happens meanwhile, all who follow end with what is there, and that alone is found. */
export function randomEditsContract(open: OpenStore, runs: number): void {
  it('has every reader end with what the segments are, whatever is edited, reverted, named, retried and deleted at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(
        // Acts of one list are at the same time.
        fc.array(fc.array(act, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 15 }),
        async (sequence) => {
          await using opened = await open();
          const { store } = opened;
          const readers = new Map<string, Reader>();
          for (const text of ['one', 'two']) await begin(store, readers, text);
          await beginTold(store, readers);
          for (const acts of sequence) {
            const ids = [...readers.keys()];
            await Promise.all(acts.map((each) => perform(store, each, { ids, readers })));
          }
          for (const [id, reader] of readers) await compare(store, id, reader);
          await checkSearch(store);
        },
      ),
      { numRuns: runs },
    );
  });
}

/** A job that has failed after two segments: it can be corrected, and retried. */
async function begin(store: Store, readers: Map<string, Reader>, text: string): Promise<void> {
  const { id } = await added(store);
  readers.set(id, { seq: 0, segments: [], speakers: [] });
  await work(store, (await claimed(store)).lease, [text, 'alpha']);
}

/** A job that has ended with its speakers: they can be told again. */
async function beginTold(store: Store, readers: Map<string, Reader>): Promise<void> {
  const { id } = await added(store, { options: { ...newJob().options, diarize: true } });
  readers.set(id, { seq: 0, segments: [], speakers: [] });
  const { lease } = await claimed(store);
  const media = { durationSeconds: 100, container: null, codec: null, sampleRate: 1, channels: 1 };
  await store.saveMedia(lease, { ...media, warnings: [], tracks: [] });
  const segments = ['one two alpha', 'bravo charlie', 'foxtrot'].map((text, at) => wordy(text, at * 2));
  const voices = [{ clip: 0, pieces: 'AAAA' }];
  await store.appendBatch(lease, { segments, voices, checkpoint: { batch: 1 }, progress: progressAt(0.5) });
  await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly }, cutBy(store, id, among(2)));
}

/** Words are said by so many in turn, by their lengths. */
const among = (speakers: number) => (text: string) => String((text.length % speakers) + 1);

async function work(store: Store, lease: Lease, texts: readonly string[]): Promise<void> {
  const media = { durationSeconds: 100, container: null, codec: null, sampleRate: 1, channels: 1 };
  await store.saveMedia(lease, { ...media, warnings: [], tracks: [] });
  const job = await store.job(lease.jobId);
  const segments = texts.map((text, at) => newSegment(text, (job?.segmentCount ?? 0) + at));
  await store.appendBatch(lease, { segments, checkpoint: { batch: 1 }, progress: progressAt(0.5) });
  const failure = { code: 'INTERNAL', message: 'It failed.', hint: null, retryable: true } as const;
  await store.finish(lease, { kind: 'FAILED', failure, ...quietly });
}

interface Scene {
  readonly ids: readonly string[];
  readonly readers: Map<string, Reader>;
}

async function perform(store: Store, does: Act, { ids, readers }: Scene): Promise<void> {
  if (does.kind === 'sweep') return store.finishDeletions();
  if (does.kind === 'work') {
    const claim = await store.claim('random');
    return claim === null ? undefined : work(store, claim.lease, does.texts);
  }
  const id = ids[does.job % Math.max(1, ids.length)];
  const reader = id === undefined ? undefined : readers.get(id);
  if (id === undefined || reader === undefined) return undefined;
  switch (does.kind) {
    case 'edit':
      return allowRefusal(store.editSegments(id, does.edits, null));
    case 'revert':
      return allowRefusal(store.revertSegments(id, does.indexes, null));
    case 'rename':
      return allowRefusal(store.renameSpeaker(id, does.key, does.name));
    case 'merge':
      return allowRefusal(store.mergeSpeakers(id, does, null));
    case 'tell': {
      const bounds = { minSpeakers: does.speakers, maxSpeakers: does.speakers };
      return allowRefusal(retell(store, id, bounds));
    }
    case 'retry':
      return allowRefusal(store.retry(id, does.fromStart));
    case 'read':
      return read(store, id, reader);
    case 'delete': {
      const deleted = await store.deleteJob(id);
      if (deleted?.refused !== true) readers.delete(id);
      return undefined;
    }
    default:
      return does satisfies never;
  }
}

/** Asks for it, and is a worker that does what was asked for. */
async function retell(store: Store, id: string, bounds: SpeakerBounds): Promise<void> {
  await store.requestDetection(id, bounds);
  for (let claim = await store.claimDetection('random'); claim !== null; claim = await store.claimDetection('random')) {
    const { lease, job } = claim;
    await store.finishDetection(lease, cutBy(store, job.id, among(claim.bounds.minSpeakers ?? 1)));
  }
}

const refusals = new Set(['INVALID_INPUT', 'JOB_STATUS']);

async function allowRefusal(done: Promise<unknown>): Promise<void> {
  await done.catch((error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error && refusals.has(String(error.code)), String(error));
  });
}

/** Reads on from where the reader was. */
async function read(store: Store, id: string, reader: Reader): Promise<void> {
  for (const event of await eventsOf(store, id, reader.seq)) {
    // Somebody else reads for the same one.
    if (event.seq <= reader.seq) continue;
    assert.equal(event.seq, reader.seq + 1);
    reader.seq = event.seq;
    if (event.kind === 'TRANSCRIPT_CLEARED') reader.segments = [];
    if (event.kind === 'SEGMENTS_ADDED') reader.segments = [...reader.segments, ...event.segments];
    if (event.kind === 'SPEAKERS_CHANGED') reader.speakers = event.speakers;
    if (event.kind !== 'SEGMENTS_CHANGED') continue;
    const changed = new Map(event.segments.map((segment) => [segment.index, segment]));
    reader.segments = reader.segments.map((segment) => changed.get(segment.index) ?? segment);
  }
}

async function compare(store: Store, id: string, reader: Reader): Promise<void> {
  await read(store, id, reader);
  const segments = (await store.segments(id, { limit: 1000 })).map(({ item }) => item);
  assert.deepEqual(reader.segments, segments);
  const starts = segments.map(({ startSeconds }) => startSeconds);
  assert.deepEqual(
    starts,
    starts.toSorted((a, b) => a - b),
  );
  for (const segment of segments) {
    const bounds = [segment.startSeconds, segment.endSeconds] as const;
    const times = (segment.words ?? []).flatMap((each) => [each.startSeconds, each.endSeconds]);
    assert.deepEqual(
      [bounds[0], ...times, bounds[1]],
      [bounds[0], ...times, bounds[1]].toSorted((a, b) => a - b),
    );
  }
  const [speakers = []] = await store.speakersOf([id]);
  assert.deepEqual(
    reader.speakers.map(({ key, name }) => [key, name]),
    speakers.map(({ key, name }) => [key, name]),
  );
  for (const { key, speakingSeconds } of speakers) {
    const own = segments.filter(({ speaker }) => speaker === key);
    const sum = own.reduce((total, each) => total + (each.endSeconds - each.startSeconds), 0);
    assert.ok(Math.abs(sum - speakingSeconds) < 0.001, `${key} speaks ${sum} s, not ${speakingSeconds}`);
  }
  const job = await store.job(id);
  assert.ok(job && (nextStatus(job.status, 'retry') !== null || job.options.diarize || job.status === 'QUEUED'));
  if (segments.some(({ originalText }) => originalText !== undefined)) assert.ok(job.edited);
  await checkStory(store, id);
}

/** What is found is what is there, word by word. */
async function checkSearch(store: Store): Promise<void> {
  const jobs = await store.jobs({}, { limit: 100 });
  const segments = (await Promise.all(jobs.map(({ item }) => store.segments(item.id, { limit: 1000 })))).flat();
  for (const query of ['alpha', 'bravo', 'charlie', '東京', '"delta echo"', 'foxtrot', 'one', 'two']) {
    const found = await store.search(parseQuery(query), {}, { limit: 1000 });
    const has = (text: string) => text.split(' ').join(' ').includes(query.replaceAll('"', ''));
    assert.deepEqual(
      found.map(({ item }) => item.segment.id).toSorted(),
      segments.flatMap(({ item }) => (has(item.text) ? [item.id] : [])).toSorted(),
      query,
    );
  }
}
