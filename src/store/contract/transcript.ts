import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseQuery } from '../../transcripts/search/query.ts';
import {
  added,
  claimed,
  eventsOf,
  newBatch,
  newSegment,
  type OpenStore,
  progressAt,
  quietly,
  storyOf,
} from './samples.ts';

/** Segments, checkpoints and progress. */
export function transcriptContract(open: OpenStore): void {
  it('stores batches with indices that go on, their events, and the checkpoint of the last', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['one', 'two'], 0.25));
    await store.appendBatch(lease, { ...newBatch([], 0.5), checkpoint: { batch: 2, state: [1, null] } });
    await store.appendBatch(lease, newBatch(['three', 'four', 'five'], 0.75));
    const segments = await store.segments(id, { limit: 100 });
    assert.deepEqual(
      segments.map(({ item }) => [item.index, item.text]),
      ['one', 'two', 'three', 'four', 'five'].map((text, index) => [index, text]),
    );
    assert.deepEqual(await storyOf(store, id), [
      'QUEUED',
      'WORKING',
      'SEGMENTS_ADDED',
      'PROGRESSED',
      'PROGRESSED',
      'SEGMENTS_ADDED',
      'PROGRESSED',
    ]);
    const sent = (await eventsOf(store, id)).flatMap((event) =>
      event.kind === 'SEGMENTS_ADDED' ? event.segments : [],
    );
    assert.deepEqual(
      sent,
      segments.map(({ item }) => item),
    );
    const job = await store.job(id);
    assert.deepEqual([job?.segmentCount, job?.lastEventSeq], [5, 7]);
    assert.deepEqual(job?.progress, progressAt(0.75));
    await store.finish(lease, { kind: 'INTERRUPTED', crash: null, ...quietly });
    assert.deepEqual((await claimed(store)).checkpoint, { batch: 3 });
  });

  it('stores a batch of thousands of segments', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    const texts = Array.from({ length: 2_345 }, (_, index) => `segment ${index}`);
    assert.ok(await store.appendBatch(lease, newBatch(texts)));
    const segments = await store.segments(id, { limit: 5_000 });
    assert.deepEqual(
      segments.map(({ item }) => item.text),
      texts,
    );
  });

  it('keeps times to the millisecond and text without what is not text', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    const said = newSegment('a\0b\uD800', 1.234_567);
    const words = said.words?.map((word) => ({ ...word, speaker: '\0' })) ?? null;
    const segment = { ...said, words, speaker: '\0', endSeconds: 2.000_4 };
    await store.appendBatch(lease, { ...newBatch([]), segments: [segment] });
    const [kept] = await store.segments(id, { limit: 1 });
    assert.deepEqual(kept?.item, {
      ...segment,
      id: `${id}:0:0`,
      index: 0,
      startSeconds: 1.235,
      endSeconds: 2,
      text: 'a\uFFFDb\uFFFD',
      speaker: '\uFFFD',
      words: [
        { startSeconds: 1.235, endSeconds: 1.735, text: ' a\uFFFDb\uFFFD', probability: 0.75, speaker: '\uFFFD' },
      ],
    });
    const sent = (await eventsOf(store, id)).find((event) => event.kind === 'SEGMENTS_ADDED');
    assert.deepEqual(sent?.segments, [kept.item]);
  });

  it('lets the fraction of an attempt neither go back nor reach 1', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    const fractions = [0.5, 0.25, Number.NaN, 1, 7];
    for (const fraction of fractions) await store.enterStage(lease, { ...progressAt(fraction), processedSeconds: 1 });
    const stored = (await eventsOf(store, id)).flatMap((event) =>
      event.kind === 'PROGRESSED' ? event.progress.fraction : [],
    );
    assert.deepEqual(stored.slice(0, 3), [0.5, 0.5, 0.5]);
    assert.ok(stored.slice(3).every((fraction) => fraction > 0.99 && fraction < 1));
  });

  it('begins again where a resume was refused', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    await store.saveLanguage(lease, { code: 'en', probability: 0.9 });
    await store.appendBatch(lease, newBatch(['old', 'older']));
    assert.deepEqual((await store.job(id))?.language, { code: 'en', probability: 0.9 });
    assert.ok(await store.clearTranscript(lease));
    const job = await store.job(id);
    assert.deepEqual([job?.segmentCount, job?.progress.fraction, job?.language], [0, 0, null]);
    assert.deepEqual(await store.segments(id, { limit: 10 }), []);
    await store.appendBatch(lease, newBatch(['new']));
    assert.equal((await store.segments(id, { limit: 10 }))[0]?.item.index, 0);
    const cleared = (await eventsOf(store, id)).find((event) => event.kind === 'TRANSCRIPT_CLEARED');
    assert.equal(cleared?.attempt, 1);
  });

  it('gives no segment the name of one that was cleared, and each the same in every place', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['first', 'second']));
    await store.clearTranscript(lease);
    await store.appendBatch(lease, newBatch(['third']));
    await store.clearTranscript(lease);
    await store.appendBatch(lease, newBatch(['fourth', 'fifth']));
    const sent = (await eventsOf(store, id)).flatMap((event) =>
      event.kind === 'SEGMENTS_ADDED' ? event.segments.map((segment) => [segment.text, segment.id]) : [],
    );
    const names = Object.fromEntries(sent);
    assert.deepEqual(
      Object.values(names),
      ['0:0', '0:1', '1:0', '2:0', '2:1'].map((name) => `${id}:${name}`),
    );
    const kept = await store.segments(id, { limit: 10 });
    assert.deepEqual(
      kept.map(({ item }) => [item.text, item.id]),
      ['fourth', 'fifth'].map((text) => [text, names[text]]),
    );
    const found = await store.search(parseQuery('fifth'), {}, { limit: 1 });
    assert.equal(found[0]?.item.segment.id, names['fifth']);
  });

  it('clears segments without a checkpoint before the next attempt, which could only send them twice', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, { ...newBatch(['once']), checkpoint: null });
    await store.finish(lease, { kind: 'INTERRUPTED', crash: null, ...quietly });
    const { job, checkpoint } = await claimed(store);
    assert.deepEqual([job.segmentCount, checkpoint], [0, null]);
    assert.deepEqual((await storyOf(store, id)).slice(-3), ['QUEUED', 'TRANSCRIPT_CLEARED', 'WORKING']);
  });
}
