import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { SegmentEdit } from '../../jobs/transcript.ts';
import { parseQuery } from '../../transcripts/search/query.ts';
import type { Store } from '../store.ts';
import { checkStory } from './check-story.ts';
import { added, claimed, eventsOf, newBatch, newJob, newSegment, type OpenStore, quietly, storyOf } from './samples.ts';

const media = {
  durationSeconds: 10,
  container: 'wav',
  codec: 'pcm',
  sampleRate: 8000,
  channels: 2,
  warnings: [],
  tracks: [],
} as const;
const failed = {
  kind: 'FAILED',
  failure: { code: 'INTERNAL', message: 'It failed.', hint: null, retryable: true },
  ...quietly,
} as const;

/** A job that has said these texts, each a second long, and has ended. */
async function spoken(store: Store, texts: readonly string[], end: 'COMPLETED' | 'FAILED' = 'COMPLETED') {
  const { id } = await added(store);
  const { lease } = await claimed(store);
  await store.saveMedia(lease, { ...media, durationSeconds: Math.max(10, texts.length) });
  await store.appendBatch(lease, newBatch(texts));
  await store.finish(lease, end === 'FAILED' ? failed : { kind: end, processedSeconds: 1, ...quietly });
  return id;
}

async function textsOf(store: Store, id: string): Promise<readonly string[]> {
  return (await store.segments(id, { limit: 10_000 })).map(({ item }) => item.text);
}

/** The indexes of the segments that are found. */
async function found(store: Store, query: string): Promise<readonly number[]> {
  const hits = await store.search(parseQuery(query), {}, { limit: 1000 });
  return hits.map(({ item }) => item.segment.index).toSorted((a, b) => a - b);
}

/** That a transcript can be corrected, and that everything else follows. */
export function editingContract(open: OpenStore): void {
  it('changes segments of a job that has ended, tells it after the end, and finds the new words and not the old ones', async () => {
    await using opened = await open();
    const { store, notifier } = opened;
    const id = await spoken(store, ['one fish', 'two fish', 'red fish']);
    const before = await store.job(id);
    assert.ok(before);
    const changed: string[] = [];
    const listening = notifier.listen('job', (key) => changed.push(key));
    const edits = [
      { index: 2, text: 'blue whale', speaker: '1' },
      { index: 0, startSeconds: 0.25, endSeconds: 0.75 },
    ];
    const edited = await store.editSegments(id, edits, before.lastEventSeq);
    assert.deepEqual(changed, [id]);
    listening[Symbol.dispose]();
    const [first, last] = edited?.segments ?? [];
    assert.deepEqual([first?.index, first?.startSeconds, first?.endSeconds, first?.text], [0, 0.25, 0.75, 'one fish']);
    assert.equal(first && 'originalText' in first, false);
    assert.deepEqual([last?.text, last?.originalText, last?.speaker], ['blue whale', 'red fish', '1']);
    assert.equal(last?.id, `${id}:0:2`);
    assert.ok(edited?.job.edited === true && !before.edited);
    assert.ok(edited.job.updatedAt > before.updatedAt);
    const events = await store.events(id, before.lastEventSeq, 10);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['SEGMENTS_CHANGED', 'SPEAKERS_CHANGED'],
    );
    assert.deepEqual(events[0]?.kind === 'SEGMENTS_CHANGED' && events[0].segments, edited.segments);
    assert.deepEqual(await textsOf(store, id), ['one fish', 'two fish', 'blue whale']);
    assert.deepEqual([await found(store, 'fish'), await found(store, 'whale')], [[0, 1], [2]]);
    await checkStory(store, id);
  });

  it('keeps the times of words that stay, gives new ones a place, and keeps all of them within their segment', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    const said = ['Ask', 'not', 'what'].map((text, at) => ({
      startSeconds: 1 + at / 2,
      endSeconds: 1.5 + at / 2,
      text,
      probability: 0.5,
      speaker: null,
    }));
    const segment = { ...newSegment('Ask not what', 1), endSeconds: 2.5, words: said };
    await store.saveMedia(lease, media);
    await store.appendBatch(lease, { ...newBatch([]), segments: [segment, newSegment('untimed', 3)] });
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    const wordsAfter = async (edit: Omit<SegmentEdit, 'index'>) => {
      const edited = await store.editSegments(id, [{ index: 0, ...edit }], null);
      return edited?.segments[0]?.words?.map((word) => [
        word.text,
        word.startSeconds,
        word.endSeconds,
        word.probability,
        word.speaker,
      ]);
    };
    const asHeard = said.map((word) => [word.text, word.startSeconds, word.endSeconds, 0.5, null]);
    const corrected = [
      ['Ask', 1, 1.5, 0.5, null],
      ['now', 1.5, 2, 1, null],
      ['what', 2, 2.5, 0.5, null],
    ];
    assert.deepEqual(await wordsAfter({ text: 'Ask now what' }), corrected);
    assert.deepEqual(await wordsAfter({ startSeconds: 1.75 }), [
      ['Ask', 1.75, 1.75, 0.5, null],
      ['now', 1.75, 2, 1, null],
      ['what', 2, 2.5, 0.5, null],
    ]);
    assert.deepEqual(
      await wordsAfter({ startSeconds: 1, speaker: '1' }),
      corrected.map((word) => [...word.slice(0, 4), '1']),
    );
    assert.deepEqual(await wordsAfter({ text: 'Ask not what', speaker: null }), asHeard);
    assert.equal((await store.job(id))?.edited, false);
    await checkStory(store, id);
  });

  it('reverts some segments or all, where that leaves them in order, and is edited until nothing is left', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await spoken(store, ['one', 'two', 'three', 'four']);
    const moved = [
      { index: 1, startSeconds: 0.5 },
      { index: 2, startSeconds: 0.75, text: 'drei', speaker: '1' },
      { index: 3, text: 'vier', speaker: '2' },
    ];
    await store.editSegments(id, moved, null);
    await assert.rejects(store.revertSegments(id, [1], null), { code: 'INVALID_INPUT', field: 'indexes' });
    const seq = (await store.job(id))?.lastEventSeq ?? 0;
    const some = await store.revertSegments(id, [0, 3, 3], null);
    assert.deepEqual(
      some?.segments.map((segment) => [segment.index, segment.text]),
      [
        [0, 'one'],
        [3, 'four'],
      ],
    );
    const [event] = await store.events(id, seq, 10);
    assert.deepEqual(
      event?.kind === 'SEGMENTS_CHANGED' && event.segments.map(({ index }) => index),
      [3],
      'the others are as they were',
    );
    assert.equal(some.job.edited, true);
    const all = await store.revertSegments(id, null, null);
    assert.deepEqual(
      all?.segments.map(({ index }) => index),
      [1, 2],
    );
    assert.equal(all?.job.edited, false);
    assert.deepEqual(await textsOf(store, id), ['one', 'two', 'three', 'four']);
    assert.deepEqual([await found(store, 'drei'), await found(store, 'three')], [[], [2]]);
    assert.deepEqual(await store.speakersOf([id]), [[]], 'nobody has told any more who speaks');
    const { lastEventSeq } = all.job;
    assert.deepEqual((await store.revertSegments(id, null, null))?.segments, []);
    assert.equal((await store.job(id))?.lastEventSeq, lastEventSeq, 'there was nothing to revert');
    await checkStory(store, id);
  });

  it('refuses what cannot be, tells what it is, and changes nothing', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await spoken(store, ['one', 'two', 'three']);
    const good = { index: 0, text: 'good' };
    const cases: readonly (readonly [string, SegmentEdit])[] = [
      ['edits.1.index', { index: 3, text: 'x' }],
      ['edits.1.index', { index: -1, text: 'x' }],
      ['edits.1.index', { index: 0, text: 'again' }],
      ['edits.1.startSeconds', { index: 1, startSeconds: -0.5 }],
      ['edits.1.startSeconds', { index: 1, startSeconds: 2 }],
      ['edits.1.endSeconds', { index: 1, endSeconds: 1 }],
      ['edits.1.endSeconds', { index: 1, endSeconds: 10.5 }],
      ['edits.1.startSeconds', { index: 2, startSeconds: 0.5 }],
      ['edits.1.startSeconds', { index: 1, startSeconds: 2.25, endSeconds: 3 }],
      ['edits.1.speaker', { index: 1, speaker: '2' }],
      ['edits.1.speaker', { index: 1, speaker: 'Anna' }],
      ['edits.1.speaker', { index: 1, speaker: '01' }],
    ];
    const before = await eventsOf(store, id);
    for (const [field, edit] of cases) {
      await assert.rejects(
        store.editSegments(id, [good, edit], null),
        { code: 'INVALID_INPUT', field },
        JSON.stringify(edit),
      );
    }
    for (const indexes of [[3], [0, -1]])
      await assert.rejects(store.revertSegments(id, indexes, null), { code: 'INVALID_INPUT' });
    for (const seenSeq of [-1, before.length + 1])
      await assert.rejects(store.editSegments(id, [good], seenSeq), { code: 'INVALID_INPUT', field: 'seenSeq' });
    await assert.rejects(store.renameSpeaker(id, '1', 'Anna'), { code: 'INVALID_INPUT', field: 'key' });
    assert.deepEqual(await eventsOf(store, id), before);
    assert.equal((await store.job(id))?.edited, false);
    assert.equal(await store.editSegments('job_unknown', [good], null), null);
    assert.equal(await store.revertSegments('job_unknown', null, null), null);
    assert.equal(await store.renameSpeaker('job_unknown', '1', null), null);
  });

  it('refuses a job that waits or works, and an index of a transcript that was cleared since', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await spoken(store, ['one', 'two'], 'FAILED');
    const seen = (await store.job(id))?.lastEventSeq ?? 0;
    await store.editSegments(id, [{ index: 0, text: 'eins' }], seen);
    await store.retry(id, true);
    const edit = () => store.editSegments(id, [{ index: 0, text: 'uno' }], seen);
    await assert.rejects(edit, { code: 'JOB_STATUS', status: 'QUEUED' });
    const { lease } = await claimed(store);
    await assert.rejects(edit, { code: 'JOB_STATUS', status: 'WORKING' });
    await assert.rejects(store.revertSegments(id, null, null), { code: 'JOB_STATUS' });
    await store.appendBatch(lease, newBatch(['other one', 'other two']));
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    await assert.rejects(edit, { code: 'INVALID_INPUT', field: 'seenSeq' });
    await assert.rejects(store.revertSegments(id, [0], seen), { code: 'INVALID_INPUT', field: 'seenSeq' });
    assert.deepEqual(await textsOf(store, id), ['other one', 'other two']);
    const now = (await store.job(id))?.lastEventSeq ?? 0;
    assert.ok(await store.editSegments(id, [{ index: 0, text: 'uno' }], now));
  });

  it('voids edits and names with a retry from the start, and keeps them with one that goes on', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await spoken(store, ['one', 'two'], 'FAILED');
    await store.editSegments(id, [{ index: 0, text: 'eins', speaker: '1' }], null);
    await store.renameSpeaker(id, '1', 'Anna');
    await store.retry(id, false);
    const goesOn = await claimed(store);
    await store.appendBatch(goesOn.lease, newBatch(['three']));
    await store.finish(goesOn.lease, failed);
    assert.deepEqual(await textsOf(store, id), ['eins', 'two', 'three']);
    assert.equal((await store.job(id))?.edited, true);
    await store.retry(id, true);
    assert.deepEqual((await storyOf(store, id)).slice(-3), ['TRANSCRIPT_CLEARED', 'SPEAKERS_CHANGED', 'QUEUED']);
    assert.equal((await store.job(id))?.edited, false);
    assert.deepEqual(await store.speakersOf([id]), [[]]);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['ein', 'zwei']));
    await store.finish(lease, failed);
    assert.deepEqual(await textsOf(store, id), ['ein', 'zwei']);
    assert.deepEqual([await found(store, 'eins'), await found(store, 'ein')], [[], [0]]);
    await store.editSegments(id, [{ index: 0, text: 'one again' }], null);
    await store.finishDeletions();
    assert.deepEqual([await found(store, 'again'), await textsOf(store, id)], [[0], ['one again', 'zwei']]);
    await checkStory(store, id);
  });

  it('takes many long edits at once, all or none, in events of at most 500 segments, and reverts them together', async () => {
    await using opened = await open();
    const { store } = opened;
    const texts = Array.from({ length: 700 }, (_, index) => `segment ${index}`);
    const id = await spoken(store, texts);
    const seq = (await store.job(id))?.lastEventSeq ?? 0;
    const edits = texts.slice(0, 500).map((_, index) => ({ index, text: `written ${index} ${'word '.repeat(60)}` }));
    await store.editSegments(id, edits, null);
    const others = texts.slice(500).map((_, at) => ({ index: 500 + at, text: `written ${500 + at}` }));
    await store.editSegments(id, others, null);
    assert.deepEqual(await found(store, 'segment'), []);
    assert.equal((await found(store, 'written')).length, 700);
    const reverted = await store.revertSegments(id, null, null);
    assert.equal(reverted?.segments.length, 500);
    assert.deepEqual(await textsOf(store, id), texts);
    assert.deepEqual(await found(store, 'written'), []);
    const told = (await eventsOf(store, id)).slice(seq);
    const counts = told.map((event) => (event.kind === 'SEGMENTS_CHANGED' ? event.segments.length : 0));
    assert.ok(
      counts.every((count) => count > 0 && count <= 500),
      counts.join(' '),
    );
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      1400,
    );
    await checkStory(store, id);
  });

  it('has the last one of edits at the same time hold for each segment, and tells all of them', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await spoken(store, ['one', 'two', 'three']);
    const seq = (await store.job(id))?.lastEventSeq ?? 0;
    const long = ' and on'.repeat(1200);
    await Promise.all([
      store.editSegments(
        id,
        [0, 1, 2].map((index) => ({ index, text: `first ${index}${long}` })),
        seq,
      ),
      store.editSegments(id, [{ index: 1, text: 'second' }], seq),
      store.renameSpeaker(id, '1', 'Nobody').catch(() => null),
      store.editSegments(id, [{ index: 2, text: 'third' }], seq),
    ]);
    const [first = '', ...rest] = await textsOf(store, id);
    assert.deepEqual([first.slice(0, 7), ...rest], ['first 0', 'second', 'third']);
    const told = (await eventsOf(store, id)).slice(seq);
    assert.deepEqual(
      told.flatMap((event) => (event.kind === 'SEGMENTS_CHANGED' ? event.segments.map(({ index }) => index) : [])),
      [0, 1, 2, 1, 2],
    );
    await checkStory(store, id);
  });

  it('gives way to a retry and to a deletion that come while many edits are written', async () => {
    await using opened = await open();
    const { store } = opened;
    const long = ' and on'.repeat(1200);
    const edits = [0, 1, 2].map((index) => ({ index, text: `first ${index}${long}` }));
    const id = await spoken(store, ['one', 'two', 'three'], 'FAILED');
    const [edited] = await Promise.allSettled([store.editSegments(id, edits, null), store.retry(id, true)]);
    if (edited.status === 'rejected') assert.equal(edited.reason.code, 'JOB_STATUS');
    assert.deepEqual([await textsOf(store, id), (await store.job(id))?.edited], [[], false]);
    await checkStory(store, id);
    await store.deleteJob(id);
    for (let turns = 0; turns < 8; turns += 1) {
      const other = await spoken(store, ['one', 'two', 'three']);
      const editing = store.editSegments(other, edits, null);
      editing.catch(() => undefined);
      for (let turn = 0; turn < turns; turn += 1) await setImmediate();
      const [late, deleted] = await Promise.all([editing, store.deleteJob(other)]);
      assert.equal(deleted?.refused, false);
      assert.ok(late === null || late.segments.length === edits.length, 'deleted before it, or after it');
      assert.deepEqual([await store.job(other), await eventsOf(store, other)], [null, []]);
    }
    await store.finishDeletions();
    assert.deepEqual(await found(store, 'first'), []);
  });

  it('has one speaker a channel where those are transcribed one by one, who can be named in every status', async () => {
    await using opened = await open();
    const { store } = opened;
    const { options } = newJob();
    const { id } = await added(store, { options: { ...options, channels: 'SPLIT' } });
    const { lease } = await claimed(store);
    assert.deepEqual(await store.speakersOf([id, 'job_unknown']), [[], []]);
    await store.saveMedia(lease, { ...media, channels: 2 });
    await store.saveMedia(lease, { ...media, channels: 2 });
    await store.renameSpeaker(id, '2', 'Anna');
    const segments = [
      { ...newSegment('hello', 0), speaker: '1' },
      { ...newSegment('hi', 1), speaker: '2' },
    ];
    await store.appendBatch(lease, { ...newBatch([]), segments });
    await store.finish(lease, failed);
    const told = { id: `${id}:speaker:1`, key: '1', name: null, speakingSeconds: 1 };
    const anna = { id: `${id}:speaker:2`, key: '2', name: 'Anna', speakingSeconds: 1 };
    assert.deepEqual(await store.speakersOf([id]), [[told, anna]]);
    assert.deepEqual(await storyOf(store, id), [
      'QUEUED',
      'WORKING',
      'SPEAKERS_CHANGED',
      'SPEAKERS_CHANGED',
      'SEGMENTS_ADDED',
      'PROGRESSED',
      'FAILED',
    ]);
    await store.editSegments(id, [{ index: 0, speaker: '3', endSeconds: 0.5 }], null);
    assert.deepEqual(
      (await store.speakersOf([id]))[0]?.map(({ key, speakingSeconds }) => [key, speakingSeconds]),
      [
        ['1', 0],
        ['2', 1],
        ['3', 0.5],
      ],
    );
    assert.deepEqual((await store.renameSpeaker(id, '3', 'Carol'))?.speaker.name, 'Carol');
    await store.editSegments(id, [{ index: 0, speaker: null }], null);
    assert.deepEqual(
      (await store.speakersOf([id]))[0]?.map(({ key }) => key),
      ['1', '2'],
    );
    assert.deepEqual((await store.renameSpeaker(id, '2', null))?.speaker.name, null);
    await store.renameSpeaker(id, '1', 'Bert');
    assert.equal((await store.job(id))?.edited, true);
    await store.revertSegments(id, null, null);
    assert.equal((await store.job(id))?.edited, false, 'names alone do not count');
    await store.retry(id, true);
    assert.deepEqual(
      (await store.speakersOf([id]))[0]?.map(({ key, name, speakingSeconds }) => [key, name, speakingSeconds]),
      [
        ['1', null, 0],
        ['2', null, 0],
      ],
    );
    await checkStory(store, id);
  });
}
