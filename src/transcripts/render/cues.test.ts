import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { segment } from '#src/testing/transcripts.ts';
import type { Segment } from '../../jobs/transcript.ts';
import { type CueManner, cuesOf } from './cues.ts';
import { oneLine } from './line.ts';
import { widthOf } from './wrap.ts';

const cues = (segments: readonly Segment[], manner: CueManner) => Array.fromAsync(cuesOf(segments, manner));
const unlimited = { maxLineWidth: null, maxLineCount: null };
const long = segment('one two three four five six', 0, 6);

test('a segment with too many lines becomes several cues, split by its letters, or by its words where they are known', async () => {
  const limits = { maxLineWidth: 10, maxLineCount: 1 };
  const byLetters = await cues([long], limits);
  assert.deepEqual(
    byLetters.map(({ lines }) => lines),
    [['one two'], ['three four'], ['five six']],
  );
  assert.deepEqual(
    byLetters.map(({ startMs }) => startMs),
    [0, 1636, 4091],
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
    (await cues([{ ...long, words }], limits)).map(({ startMs }) => startMs),
    [0, 5000, 5001],
  );
});

test('a name stands once before the text of a segment, takes room in its lines, and no time', async () => {
  const manner = { maxLineWidth: 10, maxLineCount: 1, named: true };
  const named = await cues([{ ...long, speaker: 'Bo' }], manner);
  assert.deepEqual(
    named.map(({ lines }) => lines[0]),
    ['Bo: one', 'two three', 'four', 'five six'],
  );
  assert.equal(named[1]?.startMs, Math.round((6000 * 3) / 22));
});

test('of two who speak at once the first gives way, and none is lost', async () => {
  const spans = (await cues([segment('a', 0, 10), segment('b', 2, 4), segment('c', 2, 4)], unlimited)).map(
    ({ startMs, endMs }) => [startMs, endMs],
  );
  assert.deepEqual(spans, [
    [0, 2000],
    [2000, 2001],
    [2001, 4000],
  ]);
});

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.stringMatching(/^([a-z]{1,12} ){0,20}$/u),
);
const anySegment = fc.record({
  text: anyText,
  start: fc.double({ min: 0, max: 4e5, noNaN: true }),
  length: fc.double({ min: -1, max: 30, noNaN: true }),
  speaker: fc.option(fc.string({ maxLength: 20 })),
});
const anyManner = fc.record({
  maxLineWidth: fc.option(fc.integer({ min: 8, max: 80 })),
  maxLineCount: fc.option(fc.integer({ min: 1, max: 3 })),
  named: fc.boolean(),
  unitMs: fc.constantFrom(1, 10),
});

test('whatever is said and whenever, cues are in order, none is empty or over another or too wide, and no letter is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anySegment, { maxLength: 12 }), anyManner, async (said, manner) => {
      const segments = said.map(({ text, start, length, speaker }) => ({
        ...segment(text, start, start + length),
        speaker,
      }));
      const made = await cues(segments, manner);
      let floor = 0;
      for (const { startMs, endMs, lines } of made) {
        assert.ok(startMs >= floor && endMs > startMs && startMs % manner.unitMs === 0 && endMs % manner.unitMs === 0);
        assert.ok(lines.length <= (manner.maxLineCount ?? Number.POSITIVE_INFINITY));
        for (const line of lines) {
          assert.notEqual(line, '');
          assert.ok(manner.maxLineWidth === null || widthOf(line) <= manner.maxLineWidth, JSON.stringify(line));
        }
        floor = endMs;
      }
      const letters = (text: string) => oneLine(text).replaceAll(' ', '');
      const label = (speaker: string | null) => (manner.named && oneLine(speaker ?? '') !== '' ? `${speaker}:` : '');
      assert.equal(
        letters(made.flatMap(({ lines }) => lines).join('')),
        letters(segments.map(({ text, speaker }) => (oneLine(text) === '' ? '' : label(speaker) + text)).join('')),
      );
    }),
  );
});
