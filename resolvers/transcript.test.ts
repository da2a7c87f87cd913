import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '#src/jobs/job.ts';
import { type TranscriptFormat, transcriptFormats } from '#src/jobs/transcript.ts';
import { added, claimed, newJob, newSegment, progressAt, quietly } from '#src/store/contract/samples.ts';
import { anybody, cutBy, fishes, told } from '#src/store/contract/speakers.ts';
import { openStore } from '#src/store/open.ts';
import type { Store } from '#src/store/store.ts';
import type { Lease } from '#src/store/work.ts';
import { listSegments } from './jobs.ts';
import { openLoaders } from './loaders.ts';
import { readTranscript, renderTranscript, segmentsOf } from './transcript.ts';

const openEmptyStore = () => openStore({ database: ':memory:' });

/** A job at work, and the right to write for it. */
async function working(store: Store): Promise<Lease> {
  await added(store);
  return (await claimed(store)).lease;
}

/** Stores segments that each are a sentence with a number, from `first` on. */
async function say(store: Store, lease: Lease, [first, last]: readonly [number, number]): Promise<void> {
  const numbers = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  const segments = numbers.map((number) => ({ ...newSegment(`No ${number}.`, number), words: null }));
  await store.appendBatch(lease, { segments, checkpoint: {}, progress: progressAt(0.5) });
}

async function jobOf(store: Store, { jobId }: Pick<Lease, 'jobId'>): Promise<Job> {
  const job = await store.job(jobId);
  assert.ok(job);
  return job;
}

const numbersTo = (last: number) => Array.from({ length: last }, (_, at) => `No ${at + 1}.`);
const linesOf = (text: string | null) => text?.split(/\n+/u).filter(Boolean);

test('a job at work has the transcript of its segments so far, and none before the first', async () => {
  await using store = await openEmptyStore();
  const lease = await working(store);
  assert.equal(await readTranscript(await jobOf(store, lease), {}, { store }), null);
  await say(store, lease, [1, 2]);
  assert.deepEqual(linesOf(await readTranscript(await jobOf(store, lease), {}, { store })), numbersTo(2));
});

test('a job that is done without a word has an empty transcript', async () => {
  await using store = await openEmptyStore();
  const lease = await working(store);
  await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  assert.equal(await readTranscript(await jobOf(store, lease), {}, { store }), '');
});

test('others have their turn after every fifty segments', async () => {
  await using store = await openEmptyStore();
  const lease = await working(store);
  await say(store, lease, [1, 2050]);
  let turns = 0;
  let rendering = true;
  const count = () => {
    turns += 1;
    if (rendering) setImmediate(count);
  };
  setImmediate(count);
  const most: number[] = [];
  const watched: Pick<Store, 'segments'> = {
    segments(id, page) {
      most.push(page.limit);
      return store.segments(id, page);
    },
  };
  const text = await readTranscript(await jobOf(store, lease), {}, { store: { ...store, ...watched } });
  rendering = false;
  assert.deepEqual(linesOf(text), numbersTo(2050));
  assert.ok(Math.max(...most) <= 50);
  assert.ok(turns >= 2050 / 50, `${turns} turns`);
});

test('what arrives while a transcript is read waits for the next one', async () => {
  await using store = await openEmptyStore();
  const lease = await working(store);
  await say(store, lease, [1, 250]);
  const pieces = renderTranscript(await jobOf(store, lease), {}, { store });
  assert.ok(pieces);
  await say(store, lease, [251, 300]);
  assert.deepEqual(linesOf((await Array.fromAsync(pieces)).join('')), numbersTo(250));
});

test('a transcript whose job is deleted while it is read does not look whole', async () => {
  await using store = await openEmptyStore();
  const lease = await working(store);
  await say(store, lease, [1, 250]);
  await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  const pieces = renderTranscript(await jobOf(store, lease), {}, { store });
  assert.ok(pieces);
  await store.deleteJob(lease.jobId);
  await assert.rejects(Array.fromAsync(pieces), { code: 'NOT_FOUND' });
});

test('a transcript that is made anew while it is read is not one half of each', async () => {
  await using store = await openEmptyStore();
  const lease = await working(store);
  await say(store, lease, [1, 250]);
  const segments = segmentsOf(await jobOf(store, lease), store, undefined);
  assert.equal((await segments.next()).value?.text, 'No 1.');
  await store.clearTranscript(lease);
  await say(store, lease, [1, 250]);
  await assert.rejects(Array.fromAsync(segments), { code: 'SERVICE_UNAVAILABLE' });
});

test('a transcript that is made anew before its first segment is read is neither cut off nor taken for deleted', async () => {
  await using store = await openEmptyStore();
  const id = await told(store, ['one fish two fish']);
  const everybody = () => '1';
  for (const speakerOf of [everybody, fishes]) {
    const job = await jobOf(store, { jobId: id });
    await store.requestDetection(id, anybody);
    const claim = await store.claimDetection('test');
    assert.ok(claim && (await store.finishDetection(claim.lease, cutBy(store, id, speakerOf))));
    await assert.rejects(Array.fromAsync(segmentsOf(job, store, undefined)), { code: 'SERVICE_UNAVAILABLE' });
  }
});

test('a transcript that is made anew between two pages goes on with the pages of neither', async () => {
  await using store = await openEmptyStore();
  const lease = await working(store);
  const { jobId } = lease;
  const pageAfter = async (after?: string | null) => {
    const page = { jobId, first: 2, after, given: new Set(['first']) };
    const { edges, pageInfo } = await listSegments(page, { loaders: openLoaders(store) });
    const segments = await Array.fromAsync(edges);
    return { texts: segments.map(({ node }) => node.text), ...(await pageInfo) };
  };
  await say(store, lease, [1, 3]);
  const { endCursor } = await pageAfter();
  assert.deepEqual((await pageAfter(endCursor)).texts, ['No 3.']);
  await store.clearTranscript(lease);
  await assert.rejects(pageAfter(endCursor), { code: 'CURSOR_EXPIRED' });
  await say(store, lease, [4, 6]);
  await assert.rejects(pageAfter(endCursor), { code: 'CURSOR_EXPIRED' });
  const anew = await pageAfter();
  assert.deepEqual([anew.texts, (await pageAfter(anew.endCursor)).texts], [['No 4.', 'No 5.'], ['No 6.']]);
});

test('every format that tells speakers has their names, or else their labels', async () => {
  await using store = await openEmptyStore();
  const { options } = newJob();
  await added(store, { options: { ...options, channels: 'SPLIT' } });
  const { lease } = await claimed(store);
  const words = [{ startSeconds: 0, endSeconds: 1, text: 'Hello.', probability: 0.5, speaker: '1' }];
  const segments = [
    { ...newSegment('Hello.'), speaker: '1', words },
    { ...newSegment('Bye.', 2), speaker: '2', words: null },
  ];
  await store.appendBatch(lease, { segments, checkpoint: {}, progress: progressAt(0.5) });
  await store.renameSpeaker(lease.jobId, '1', 'Anna <A>');
  const job = await jobOf(store, lease);
  const written = async (format: TranscriptFormat) => readTranscript(job, { format, speakers: true }, { store });
  const expected: Partial<Record<TranscriptFormat, readonly [string, string]>> = {
    TXT: ['Anna <A>: Hello.', 'Speaker 2: Bye.'],
    SRT: ['Anna <A>: Hello.', 'Speaker 2: Bye.'],
    VTT: ['<v Anna &lt;A&gt;>Hello.', '<v Speaker 2>Bye.'],
    LRC: ['Anna <A>: Hello.', 'Speaker 2: Bye.'],
    ASS: ['Default,Anna <A>,0,0,0,,Hello.', 'Default,Speaker 2,0,0,0,,Bye.'],
    HTML: ['Anna &lt;A&gt;</a>: Hello.', 'Speaker 2</a>: Bye.'],
    CSV: ['0,0,1,Anna <A>,,Hello.', '1,2,3,Speaker 2,,Bye.'],
    JSON: ['"speaker":"Anna <A>","words":[{"word":"Hello."', '"speaker":"Speaker 2"'],
  };
  for (const format of transcriptFormats) {
    const text = (await written(format)) ?? '';
    for (const each of expected[format] ?? []) assert.ok(text.includes(each), `${format}: ${text}`);
  }
  assert.match((await written('JSON')) ?? '', /"probability":0\.5,"speaker":"Anna <A>"/u);
});
