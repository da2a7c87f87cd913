import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Segment } from '../transcript.ts';
import { render, timestamp } from './render.ts';

const segment = (text: string, startSeconds = 0, endSeconds = 1.5): Segment => ({
  index: 0,
  startSeconds,
  endSeconds,
  text,
  language: null,
  speaker: null,
  avgLogProbability: -0.1,
  noSpeechProbability: 0,
  guard: null,
  words: null,
});

test('a text cannot end a cue or write one of its own', () => {
  const segments = [segment('a\n\n2\n00:00:01,000 --> 00:00:02,000\nb <b>&</b>')];
  const srt = render('SRT', { segments, language: 'en' });
  assert.equal(srt, '1\n00:00:00,000 --> 00:00:01,500\na 2 00:00:01,000 -> 00:00:02,000 b <b>&</b>\n\n');
  const vtt = render('VTT', { segments, language: 'en' });
  assert.equal(
    vtt,
    'WEBVTT\n\n00:00:00.000 --> 00:00:01.500\na 2 00:00:01,000 --&gt; 00:00:02,000 b &lt;b&gt;&amp;&lt;/b&gt;\n\n',
  );
});

test('plain text has a line for each sentence, longer pause and change of speaker', () => {
  const segments = [
    segment('Ask not what', 0, 1),
    segment('your country can do for you.', 2.5, 4),
    segment('And', 4, 5),
    segment('so', 7.5, 8),
    { ...segment('yes', 8, 9), speaker: '2' },
  ];
  const text = 'Ask not what your country can do for you.\nAnd\nso\nyes\n';
  assert.equal(render('TXT', { segments, language: 'en' }), text);
  const japanese = [segment('今日は'), segment('いい天気です。'), segment('明日')];
  assert.equal(render('TXT', { segments: japanese, language: 'ja' }), '今日はいい天気です。\n明日\n');
});

test('times carry over, and hours grow beyond two digits', () => {
  assert.equal(timestamp(59.9996, '.'), '00:01:00.000');
  assert.equal(timestamp(3599.9999, ','), '01:00:00,000');
  assert.equal(timestamp(360_000.25, '.'), '100:00:00.250');
});

test('a transcript without segments is empty in every format', () => {
  const nothing = { segments: [], language: null };
  assert.equal(render('TXT', nothing), '');
  assert.equal(render('SRT', nothing), '');
  assert.equal(render('VTT', nothing), 'WEBVTT\n\n');
  assert.deepEqual(JSON.parse(render('JSON', nothing)), { text: '', segments: [], language: null });
});

test('JSON has the words where there are any', () => {
  const words = [{ startSeconds: 0, endSeconds: 0.5, text: ' hi', probability: 0.9, speaker: null }];
  const { segments } = JSON.parse(render('JSON', { segments: [{ ...segment('hi'), words }], language: 'en' })) as {
    segments: { words: unknown }[];
  };
  assert.deepEqual(segments[0]?.words, [{ word: ' hi', start: 0, end: 0.5, probability: 0.9 }]);
});
