import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Job, SpeakerBounds } from '../../jobs/job.ts';
import type { CutSegment, NewSegment } from '../../jobs/transcript.ts';
import { parseQuery } from '../../transcripts/search/query.ts';
import type { Store } from '../store.ts';
import type { TellSpeakers } from '../work.ts';
import { checkStory } from './check-story.ts';
import {
  added,
  claimed,
  eventsOf,
  everythingOf,
  newBatch,
  newJob,
  type OpenStore,
  quietly,
  storyOf,
} from './samples.ts';

/** A segment whose words are said one every half second. */
export function wordy(text: string, startSeconds: number): NewSegment {
  const words = text.split(' ').map((word, at) => ({
    startSeconds: startSeconds + at / 2,
    endSeconds: startSeconds + (at + 1) / 2,
    text: ` ${word}`,
    probability: 0.5,
    speaker: null,
  }));
  const endSeconds = startSeconds + words.length / 2;
  const measures = { avgLogProbability: -0.25, noSpeechProbability: 0.5, guard: null };
  return { startSeconds, endSeconds, text, language: null, speaker: null, ...measures, words };
}

/** Cuts the transcript of a job as it was heard into one part for each run of words of one speaker. */
export function cutBy(store: Store, id: string, speakerOf: (word: string) => string | null): TellSpeakers {
  return async function* () {
    for (let after = -1; ;) {
      const segments = await store.heardSegments(id, after);
      if (segments.length === 0) return;
      after = segments.at(-1)?.index ?? after;
      for (const { index: partOf, ...segment } of segments) {
        const parts: CutSegment[] = [];
        for (const word of segment.words ?? []) {
          const speaker = speakerOf(word.text.trim());
          const last = parts.at(-1);
          const said = { ...word, speaker };
          if (last?.speaker === speaker) {
            const words = [...(last.words ?? []), said];
            const text = words
              .map((each) => each.text)
              .join('')
              .trim();
            parts[parts.length - 1] = { ...last, endSeconds: word.endSeconds, words, text };
          } else {
            const { startSeconds, endSeconds } = word;
            parts.push({
              ...segment,
              startSeconds,
              endSeconds,
              text: word.text.trim(),
              words: [said],
              speaker,
              partOf,
            });
          }
        }
        yield parts;
      }
    }
  };
}

/** Who says a word: fish are of one, and all else of another. */
export const fishes = (word: string) => (word === 'fish' ? '2' : '1');
const voices = [
  { clip: 0, pieces: 'AAAA' },
  { clip: 2, pieces: 'BBBB' },
];
const diarizing = { options: { ...newJob().options, diarize: true } };

/** A job with diarize that has said these texts, whose engine is done. */
export async function heard(store: Store, texts: readonly string[], callerId: string | null = null) {
  const { id } = await added(store, { ...diarizing, callerId });
  const { lease } = await claimed(store);
  const segments = texts.map((text, at) => wordy(text, at * 10));
  await store.appendBatch(lease, { ...newBatch([]), segments, voices });
  return { id, lease };
}

export const completed = { kind: 'COMPLETED', processedSeconds: 1, voices: 2, ...quietly } as const;

/** A job whose speakers were told apart when it ended. */
export async function told(store: Store, texts: readonly string[], callerId: string | null = null): Promise<string> {
  const { id, lease } = await heard(store, texts, callerId);
  assert.ok(await store.finish(lease, completed, cutBy(store, id, fishes)));
  return id;
}

async function linesOf(store: Store, id: string): Promise<readonly string[]> {
  const segments = await store.segments(id, { limit: 10_000 });
  return segments.map(({ item }) => `${item.speaker}: ${item.text}`);
}

async function namesOf(store: Store, id: string): Promise<readonly (string | null)[][]> {
  const [speakers = []] = await store.speakersOf([id]);
  return speakers.map(({ key, name }) => [key, name]);
}

export const anybody = { minSpeakers: null, maxSpeakers: null };

/** Has the speakers of a job told apart again, as a worker does. */
async function retell(
  store: Store,
  id: string,
  { bounds = anybody, tell }: { readonly bounds?: SpeakerBounds; readonly tell: TellSpeakers },
): Promise<Job | null> {
  const detection = await store.requestDetection(id, bounds);
  if (detection === null) return null;
  const claim = await store.claimDetection('test');
  assert.ok(claim);
  assert.deepEqual([claim.lease.id, claim.job.id, claim.bounds], [detection, id, bounds]);
  await store.finishDetection(claim.lease, tell);
  return store.job(id);
}

/** What is heard on a channel. */
function onChannel(speaker: string): NewSegment {
  const segment = wordy(`channel ${speaker}`, 0);
  return { ...segment, speaker, words: (segment.words ?? []).map((word) => ({ ...word, speaker })) };
}

/** That speakers are told apart at the end of a job and after it, and that everything else follows. */
export function speakersContract(open: OpenStore): void {
  it('ends a job with its transcript cut where the speaker changes, told as one that begins anew', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await told(store, ['one fish two fish', 'red']);
    assert.deepEqual(await storyOf(store, id), [
      'QUEUED',
      'WORKING',
      'SEGMENTS_ADDED',
      'PROGRESSED',
      'TRANSCRIPT_CLEARED',
      'SEGMENTS_ADDED',
      'SPEAKERS_CHANGED',
      'COMPLETED',
    ]);
    assert.deepEqual(await linesOf(store, id), ['1: one', '2: fish', '1: two', '2: fish', '1: red']);
    const [first] = await store.segments(id, { limit: 1 });
    assert.equal(first?.item.id, `${id}:1:0`);
    const [speakers = []] = await store.speakersOf([id]);
    assert.deepEqual(
      speakers.map(({ key, speakingSeconds }) => [key, speakingSeconds]),
      [
        ['1', 1.5],
        ['2', 1],
      ],
    );
    const found = await store.search(parseQuery('fish'), {}, { limit: 10 });
    assert.deepEqual(
      found.map(({ item }) => item.segment.index).toSorted((a, b) => a - b),
      [1, 3],
    );
    assert.deepEqual(
      (await store.heardSegments(id, -1)).map(({ text, speaker }) => [text, speaker]),
      [
        ['one fish two fish', null],
        ['red', null],
      ],
    );
    assert.deepEqual(await store.voices(id, -1), voices);
    assert.deepEqual(await store.voices(id, 0), voices.slice(1));
    assert.equal((await store.job(id))?.edited, false);
    await checkStory(store, id);
  });

  it('orders parts by their beginnings, also where one goes on beside the next segment', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store, diarizing);
    const { lease } = await claimed(store);
    const segments = [wordy('one two three four', 0), wordy('five six', 1)];
    await store.appendBatch(lease, { ...newBatch([]), segments, voices });
    const late = new Set(['four', 'six']);
    await store.finish(
      lease,
      completed,
      cutBy(store, id, (word) => (late.has(word) ? '2' : '1')),
    );
    assert.deepEqual(await linesOf(store, id), ['1: one two three', '1: five', '2: four', '2: six']);
    await checkStory(store, id);
  });

  it('changes nothing where the speakers cannot be told, and ends the job with a warning then', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id, lease } = await heard(store, ['one fish two fish', 'red fish']);
    const before = await everythingOf(store, id);
    const broken: TellSpeakers = async function* () {
      for await (const parts of cutBy(store, id, fishes)()) {
        yield parts;
        if (parts[0]?.partOf === 1) throw new Error('It fell over.');
      }
    };
    await assert.rejects(store.finish(lease, completed, broken), /fell over/u);
    assert.deepEqual(await everythingOf(store, id), before);
    const found = await store.search(parseQuery('fish'), {}, { limit: 10 });
    assert.equal(found.length, 2);
    assert.ok(await store.finish(lease, { ...completed, warnings: ['Nobody was told.'] }));
    const job = await store.job(id);
    assert.deepEqual([job?.status, job?.media.warnings], ['COMPLETED', ['Nobody was told.']]);
    await checkStory(store, id);
    const retold = await retell(store, id, { tell: cutBy(store, id, fishes) });
    assert.equal(retold?.segmentCount, 6);
    await checkStory(store, id);
  });

  it('has a job that is cancelled meanwhile be CANCELLED, as it was', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id, lease } = await heard(store, ['one fish']);
    await store.cancel(id);
    assert.ok(await store.finish(lease, completed, cutBy(store, id, fishes)));
    assert.deepEqual(await linesOf(store, id), ['null: one fish']);
    assert.equal((await store.job(id))?.status, 'CANCELLED');
    await checkStory(store, id);
  });

  it('tells speakers again with other bounds: names stay with who says mostly the same, texts are cut with their words, and merges go', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await told(store, ['one fish two fish', 'blue whale', 'red']);
    assert.deepEqual(await linesOf(store, id), ['1: one', '2: fish', '1: two', '2: fish', '1: blue whale', '1: red']);
    await store.renameSpeaker(id, '2', 'Fisher');
    await store.renameSpeaker(id, '1', 'Anna');
    await store.editSegments(
      id,
      [
        { index: 1, text: 'cod' },
        { index: 5, speaker: '3' },
      ],
      null,
    );
    const bounds = { minSpeakers: 2, maxSpeakers: 3 };
    const tell = cutBy(store, id, (word) => (word === 'fish' ? '1' : word === 'whale' ? '3' : '2'));
    const job = await retell(store, id, { bounds, tell });
    assert.deepEqual([job?.options.minSpeakers, job?.options.maxSpeakers, job?.edited], [2, 3, true]);
    assert.deepEqual(await linesOf(store, id), [
      '2: one',
      '1: cod',
      '2: two',
      '1: fish',
      '2: blue',
      '3: whale',
      '2: red',
    ]);
    assert.deepEqual(await namesOf(store, id), [
      ['1', 'Fisher'],
      ['2', 'Anna'],
      ['3', null],
    ]);
    const found = async (text: string) =>
      (await store.search(parseQuery(text), {}, { limit: 10 })).map(({ item }) => item.segment.index);
    assert.deepEqual([await found('cod'), await found('fish'), await found('whale')], [[1], [3], [5]]);
    await checkStory(store, id);
    await retell(store, id, { tell: cutBy(store, id, () => '1') });
    // What was written is cut with its words no more.
    assert.deepEqual(await linesOf(store, id), ['1: one cod two fish', '1: blue whale', '1: red']);
    const [segment] = await store.segments(id, { limit: 1 });
    assert.equal(segment?.item.originalText, 'one fish two fish');
    await store.revertSegments(id, null, null);
    assert.deepEqual(await linesOf(store, id), ['1: one fish two fish', '1: blue whale', '1: red']);
    await checkStory(store, id);
  });

  it('has one speaker say what others have said, for good', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await told(store, ['one fish two fish', 'red fish']);
    await store.editSegments(id, [{ index: 0, speaker: '3', text: 'won' }], null);
    const seen = (await store.job(id))?.lastEventSeq ?? 0;
    await store.renameSpeaker(id, '2', 'Fisher');
    const job = await store.mergeSpeakers(id, { keys: ['2', '3'], into: '1' }, seen);
    assert.equal(job?.edited, true);
    assert.deepEqual(await linesOf(store, id), ['1: won', '1: fish', '1: two', '1: fish', '1: red', '1: fish']);
    const segments = await store.segments(id, { limit: 10 });
    assert.deepEqual(
      [...new Set(segments.flatMap(({ item }) => item.words ?? []).map(({ speaker }) => speaker))],
      ['1'],
    );
    assert.deepEqual(await namesOf(store, id), [['1', null]]);
    assert.deepEqual((await storyOf(store, id)).slice(-2), ['SEGMENTS_CHANGED', 'SPEAKERS_CHANGED']);
    await checkStory(store, id);
    await store.revertSegments(id, null, null);
    assert.deepEqual((await linesOf(store, id))[0], '1: one');
    await assert.rejects(store.editSegments(id, [{ index: 0, speaker: '2' }], null), /one of 1, 4 \(a new one\)/u);
    await assert.rejects(store.renameSpeaker(id, '2', 'Fisher'), { code: 'INVALID_INPUT', field: 'key' });
    await store.editSegments(id, [{ index: 1, speaker: '4' }], null);
    await store.mergeSpeakers(id, { keys: ['1'], into: '4' }, null);
    assert.deepEqual(new Set((await linesOf(store, id)).map((line) => line.slice(0, 1))), new Set(['4']));
    await checkStory(store, id);
    const refused = async (keys: readonly string[], into: string, seenSeq: number | null = null) =>
      store.mergeSpeakers(id, { keys, into }, seenSeq).then(
        () => null,
        (error: unknown) => (error instanceof Error && 'field' in error ? error.field : error),
      );
    assert.equal(await refused(['9'], '4'), 'keys.0');
    assert.equal(await refused(['4'], '4'), 'keys.0');
    assert.equal(await refused(['4'], '1'), 'into');
    assert.equal(await refused(['4'], '4', 2), 'seenSeq');
    assert.equal(await store.mergeSpeakers('job_unknown', { keys: ['1'], into: '2' }, null), null);
  });

  it('has them say what a job brings that goes on after it, too', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store, { options: { ...newJob().options, channels: 'SPLIT' } });
    const segments = [onChannel('1'), onChannel('2')];
    const first = await claimed(store);
    await store.appendBatch(first.lease, { ...newBatch([]), segments });
    await store.cancel(id);
    await store.finish(first.lease, { ...completed, voices: null });
    await store.mergeSpeakers(id, { keys: ['2'], into: '1' }, null);
    await store.retry(id, false);
    await store.appendBatch((await claimed(store)).lease, { ...newBatch([]), segments });
    assert.deepEqual(await linesOf(store, id), ['1: channel 1', '1: channel 2', '1: channel 1', '1: channel 2']);
    assert.equal((await store.speakersOf([id]))[0]?.[0]?.speakingSeconds, 4);
    await checkStory(store, id);
  });

  it('refuses to tell speakers again where there is nothing to tell them by, and forgets voices where they are of no more use', async () => {
    await using opened = await open();
    const { store } = opened;
    const again = (of: string) => retell(store, of, { tell: cutBy(store, of, fishes) });
    assert.equal(await again('job_unknown'), null);
    const { id: plain } = await added(store);
    await assert.rejects(again(plain), { code: 'INVALID_INPUT', field: 'jobId' });
    await store.cancel(plain);
    const { id, lease } = await heard(store, ['one fish']);
    await assert.rejects(again(id), { code: 'JOB_STATUS', status: 'WORKING' });
    await store.finish(lease, completed, cutBy(store, id, fishes));
    for (let time = 0; time < 20; time += 1) assert.ok(await again(id));
    assert.deepEqual([await store.voices(id, -1), await store.heardSegments(id, -1)], [[], []]);
    await assert.rejects(again(id), { code: 'INVALID_INPUT', field: 'jobId' });
    assert.deepEqual(await linesOf(store, id), ['1: one', '2: fish']);
    await checkStory(store, id);
    const unheard = await heard(store, ['one fish']);
    await store.finish(unheard.lease, { ...completed, voices: null });
    assert.deepEqual(await store.voices(unheard.id, -1), []);
    await assert.rejects(again(unheard.id), { code: 'INVALID_INPUT', field: 'jobId' });
    const deleted = await told(store, ['one fish']);
    await store.deleteJob(deleted);
    assert.deepEqual([await store.voices(deleted, -1), await store.heardSegments(deleted, -1)], [[], []]);
  });

  it('leaves nothing of a job that is deleted while its speakers are told', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await told(store, ['one fish', 'two fish']);
    const tell: TellSpeakers = async function* () {
      yield* cutBy(store, id, fishes)();
      await store.deleteJob(id);
    };
    assert.equal(await retell(store, id, { tell }), null);
    assert.deepEqual(await store.heardSegments(id, -1), []);
    assert.deepEqual(await store.search(parseQuery('fish'), {}, { limit: 10 }), []);
  });

  it('voids speakers, voices and what was cut where a job starts over', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id, lease } = await heard(store, ['one fish']);
    await store.clearTranscript(lease);
    assert.deepEqual([await store.voices(id, -1), await store.heardSegments(id, -1)], [[], []]);
    await store.appendBatch(lease, { ...newBatch([]), segments: [wordy('red fish', 0)], voices });
    await store.finish(lease, completed, cutBy(store, id, fishes));
    assert.deepEqual(await linesOf(store, id), ['1: red', '2: fish']);
    await checkStory(store, id);
  });

  it('tells a long transcript in events of at most 500 segments', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await told(
      store,
      Array.from({ length: 700 }, () => 'one fish'),
    );
    const events = await eventsOf(store, id);
    const sizes = events.flatMap((event) => (event.kind === 'SEGMENTS_ADDED' ? [event.segments.length] : []));
    assert.ok(sizes.slice(1).every((size) => size <= 500));
    assert.equal(
      sizes.slice(1).reduce((sum, size) => sum + size, 0),
      1400,
    );
    await store.mergeSpeakers(id, { keys: ['2'], into: '1' }, null);
    await checkStory(store, id);
  });
}
