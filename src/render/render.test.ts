import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { transcriptFormats, type Segment } from '../transcript.ts';
import { cuesOf } from './cues.ts';
import { render, type Transcript } from './render.ts';
import { widthOf, wrap } from './wrap.ts';

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

const transcript = (segments: readonly Segment[], more: Partial<Transcript> = {}): Transcript => ({
  segments,
  language: 'en',
  speakers: false,
  maxLineWidth: null,
  maxLineCount: null,
  ...more,
});

const address = transcript([
  { ...segment('Ask not what your country can do for you,', 5.5, 8), speaker: '1' },
  { ...segment('ask {what} you & "I" can do.', 8, 10.4256), index: 1, speaker: '2' },
  { ...segment('=SUM(A1)', 3600.5, 3601), index: 2, speaker: '2' },
]);

const golden: Readonly<Record<string, string>> = {
  TXT: 'Ask not what your country can do for you,\nask {what} you & "I" can do.\n=SUM(A1)\n',
  SRT: '1\n00:00:05,500 --> 00:00:08,000\nAsk not what your country can do for you,\n\n2\n00:00:08,000 --> 00:00:10,426\nask {what} you & "I" can do.\n\n3\n01:00:00,500 --> 01:00:01,000\n=SUM(A1)\n\n',
  VTT: 'WEBVTT\n\n00:00:05.500 --> 00:00:08.000\nAsk not what your country can do for you,\n\n00:00:08.000 --> 00:00:10.426\nask {what} you &amp; "I" can do.\n\n01:00:00.500 --> 01:00:01.000\n=SUM(A1)\n\n',
  TSV: 'start\tend\ttext\n5500\t8000\tAsk not what your country can do for you,\n8000\t10426\task {what} you & "I" can do.\n3600500\t3601000\t=SUM(A1)\n',
  LRC: '[00:05.50]Ask not what your country can do for you,\n[00:08.00]ask {what} you & "I" can do.\n[60:00.50]=SUM(A1)\n',
  CSV: 'index,startSeconds,endSeconds,speaker,language,text\r\n0,5.5,8,1,en,"Ask not what your country can do for you,"\r\n1,8,10.4256,2,en,"ask {what} you & ""I"" can do."\r\n2,3600.5,3601,2,en,\'=SUM(A1)\r\n',
};

for (const [format, expected] of Object.entries(golden)) {
  test(`${format} is as it should be, to the letter`, () => {
    assert.equal(render(format as 'TXT', address), expected);
  });
}

test('ASS has an event for each cue, with braces and line ends that mean nothing', () => {
  const events = render('ASS', { ...address, maxLineWidth: 24, speakers: true })
    .split('\n')
    .filter((line) => line.startsWith('Dialogue'));
  assert.deepEqual(events, [
    'Dialogue: 0,0:00:05.50,0:00:08.00,Default,1,0,0,0,,Ask not what your\\Ncountry can do for you,',
    'Dialogue: 0,0:00:08.00,0:00:10.43,Default,2,0,0,0,,ask \\{what\\} you\\N& "I" can do.',
    'Dialogue: 0,1:00:00.50,1:00:01.00,Default,2,0,0,0,,=SUM(A1)',
  ]);
});

test('a speaker is said where that is wanted', () => {
  const wanted = { ...address, speakers: true };
  assert.match(render('TXT', wanted), /^1: Ask not .*\n2: ask .*\n=SUM/u);
  assert.match(render('SRT', wanted), /\n1: Ask not what/u);
  assert.match(render('VTT', wanted), /\n<v 1>Ask not what/u);
  assert.match(render('LRC', wanted), /^\[00:05\.50\]1: Ask/u);
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
  assert.equal(render('TXT', transcript(segments)), text);
  const japanese = [segment('今日は'), segment('いい天気です。'), segment('明日')];
  assert.equal(render('TXT', transcript(japanese)), '今日はいい天気です。\n明日\n');
});

test('a text cannot end a cue or write one of its own', () => {
  const hostile = transcript([segment('a\n\n2\n00:00:01,000 --> 00:00:02,000\nb <b>&</b>')]);
  assert.equal(
    render('SRT', hostile),
    '1\n00:00:00,000 --> 00:00:01,500\na 2 00:00:01,000 -> 00:00:02,000 b <b>&</b>\n\n',
  );
  assert.equal(
    render('VTT', hostile),
    'WEBVTT\n\n00:00:00.000 --> 00:00:01.500\na 2 00:00:01,000 --&gt; 00:00:02,000 b &lt;b&gt;&amp;&lt;/b&gt;\n\n',
  );
});

test('a transcript without segments is empty in every format', () => {
  for (const format of transcriptFormats) assert.doesNotMatch(render(format, transcript([])), /undefined|null,\n/u);
  assert.equal(render('TXT', transcript([])), '');
  assert.equal(render('VTT', transcript([])), 'WEBVTT\n\n');
  assert.deepEqual(JSON.parse(render('JSON', transcript([]))), { text: '', segments: [], language: 'en' });
});

test('JSON has the words where there are any', () => {
  const words = [{ startSeconds: 0, endSeconds: 0.5, text: ' hi', probability: 0.9, speaker: null }];
  const { segments }: any = JSON.parse(render('JSON', transcript([{ ...segment('hi'), words }])));
  assert.deepEqual(segments[0].words, [{ word: ' hi', start: 0, end: 0.5, probability: 0.9 }]);
});

test('lines are as even as can be, and no word stands alone', () => {
  assert.deepEqual(wrap('ask what you can do for your country now', 36), [
    'ask what you can do',
    'for your country now',
  ]);
  assert.deepEqual(wrap('今日はとてもいい天気ですね、散歩に行きましょう', 30), [
    '今日はとてもいい天気ですね、',
    '散歩に行きましょう',
  ]);
  assert.deepEqual(wrap('Donaudampfschifffahrtsgesellschaft', 12), ['Donaudampfsc', 'hifffahrtsge', 'sellschaft']);
  assert.deepEqual(wrap('هذا نص عربي طويل يحتاج إلى سطرين', 20).length, 2);
});

test('a segment with too many lines becomes several cues, split by its words where they are known', () => {
  const long = segment('one two three four five six', 0, 6);
  const limits = { maxLineWidth: 10, maxLineCount: 1 };
  assert.deepEqual(
    cuesOf([long], limits).map(({ lines }) => lines),
    [['one two'], ['three four'], ['five six']],
  );
  const texts = [' one', ' two', ' three', ' four', ' five', ' six'];
  const words = texts.map((text, at) => ({
    startSeconds: at === 2 ? 5 : at / 10,
    endSeconds: 6,
    text,
    probability: 1,
    speaker: null,
  }));
  assert.deepEqual(
    cuesOf([{ ...long, words }], limits).map(({ startMs }) => startMs),
    [0, 5000, 5001],
  );
});

const anyText = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 120 }), fc.stringMatching(/^([a-z]{1,12} ){0,20}$/u));
const anySegment = fc.record({
  text: anyText,
  start: fc.double({ min: 0, max: 4e5, noNaN: true }),
  length: fc.double({ min: 0, max: 30, noNaN: true }),
});
const anyLimit = fc.option(fc.integer({ min: 8, max: 80 }), { nil: null });

test('whatever is said, cues are in order, none is empty or over another, and no letter is lost', () => {
  fc.assert(
    fc.property(
      fc.array(anySegment, { maxLength: 12 }),
      anyLimit,
      fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
      (said, maxLineWidth, maxLineCount) => {
        const segments = said
          .toSorted((a, b) => a.start - b.start)
          .map(({ text, start, length }) => segment(text, start, start + length));
        const cues = cuesOf(segments, { maxLineWidth, maxLineCount });
        let floor = 0;
        for (const { startMs, endMs, lines } of cues) {
          assert.ok(startMs >= floor && endMs > startMs);
          assert.ok(lines.length <= (maxLineCount ?? Number.POSITIVE_INFINITY));
          for (const line of lines) assert.ok(maxLineWidth === null || widthOf(line) <= maxLineWidth, line);
          floor = endMs;
        }
        const letters = (text: string) => text.replaceAll(/\s/gu, '');
        assert.equal(
          letters(cues.flatMap(({ lines }) => lines).join('')),
          letters(segments.map(({ text }) => text).join('')),
        );
      },
    ),
  );
});
