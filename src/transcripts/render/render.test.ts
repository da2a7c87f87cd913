import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rendered, segment, transcript } from '#src/testing/transcripts.ts';
import { transcriptFormats } from '../../jobs/transcript.ts';
import { render } from './render.ts';

test('plain text has a line for each sentence, longer pause and change of speaker', async () => {
  const segments = [
    segment('Ask not what', 0, 1),
    segment('your country can do for you.', 2.5, 4),
    segment('And', 4, 5),
    segment('so', 7.5, 8),
    segment(' ', 8, 8),
    { ...segment('yes', 8, 9), speaker: '2' },
  ];
  const text = 'Ask not what your country can do for you.\nAnd\nso\nyes\n';
  assert.equal(await rendered('TXT', transcript(segments)), text);
  const japanese = [segment('今日は'), segment('いい天気です。'), segment('明日')];
  assert.equal(await rendered('TXT', transcript(japanese)), '今日はいい天気です。\n明日\n');
});

test('a speaker is said where that is wanted', async () => {
  const said = [
    { ...segment('Ask not'), speaker: '1' },
    { ...segment('ask'), speaker: '2' },
    { ...segment('SUM'), speaker: '2' },
  ];
  const wanted = transcript(said, { speakers: true });
  assert.equal(await rendered('TXT', wanted), '1: Ask not\n2: ask SUM\n');
  assert.match(await rendered('SRT', wanted), /\n1: Ask not\n/u);
  assert.match(await rendered('VTT', wanted), /\n<v 1>Ask not\n/u);
  assert.match(await rendered('LRC', wanted), /^\[00:00\.00\]1: Ask/u);
  assert.match(await rendered('ASS', wanted), /Default,1,0,0,0,,Ask/u);
});

test('a transcript without segments is empty in every format', async () => {
  for (const format of transcriptFormats) {
    assert.doesNotMatch(await rendered(format, transcript([])), /undefined|null,\n/u);
  }
  assert.equal(await rendered('TXT', transcript([])), '');
  assert.equal(await rendered('VTT', transcript([])), 'WEBVTT\n\n');
  assert.equal(await rendered('CSV', transcript([])), 'index,startSeconds,endSeconds,speaker,language,text\r\n');
  assert.deepEqual(JSON.parse(await rendered('JSON', transcript([]))), { text: '', segments: [], language: 'en' });
});

test("JSON has the keys of Whisper's that are known, and no others but speaker and language", async () => {
  const words = [{ startSeconds: 0, endSeconds: 0.5, text: ' hi', probability: 0.9, speaker: null }];
  const known = { avgLogProbability: -0.1, noSpeechProbability: 0.2, language: 'de', speaker: '1', words };
  const { segments, text, language } = JSON.parse(
    await rendered('JSON', transcript([segment('hi'), { ...segment('ho', 1.5, 2), index: 1, ...known }])),
  );
  assert.deepEqual(segments, [
    { id: 0, start: 0, end: 1.5, text: 'hi' },
    {
      id: 1,
      start: 1.5,
      end: 2,
      text: 'ho',
      avg_logprob: -0.1,
      no_speech_prob: 0.2,
      language: 'de',
      speaker: '1',
      words: [{ word: ' hi', start: 0, end: 0.5, probability: 0.9 }],
    },
  ]);
  assert.deepEqual([text, language], ['hi ho', 'en']);
});

test('segments are taken as their text is wanted, in every format', async () => {
  const total = 10_000;
  let taken = 0;
  function* segments() {
    for (; taken < total; taken += 1) yield segment('Ask not what your country can do for you.', taken, taken + 1);
  }
  for (const format of transcriptFormats) {
    taken = 0;
    let least = total;
    for await (const piece of render(format, { ...transcript([]), segments: segments() })) {
      assert.ok(piece.length < 17_000 || (format === 'JSON' && taken === total));
      least = Math.min(least, taken);
    }
    assert.ok(taken === total && least < total / 10, format);
  }
});
