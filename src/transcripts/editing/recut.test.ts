import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewSegment, Segment, Word } from '../../jobs/transcript.ts';
import type { Wording } from './apply-edit.ts';
import { recut } from './recut.ts';

/** Words of half a second, one each second. */
function wordsOf(text: string, from: number, speaker: string | null): readonly Word[] {
  return text.split(' ').map((word, at) => ({
    startSeconds: from + at,
    endSeconds: from + at + 0.5,
    text: ` ${word}`,
    probability: 0.75,
    speaker,
  }));
}

/** A segment with a word each second. */
function part(speaker: string | null, text: string, from: number): NewSegment {
  const words = wordsOf(text, from, speaker);
  const measures = { avgLogProbability: -0.25, noSpeechProbability: 0.5, guard: null, language: null };
  return { ...measures, startSeconds: from, endSeconds: words.at(-1)?.endSeconds ?? from, text, speaker, words };
}

/** A segment as it was heard, and what somebody has made of it: a text with a word each second, null = nothing, or a text whose words have no times. */
function said(heard: NewSegment, text: string | null, words: readonly Word[] | null = null) {
  const { startSeconds, endSeconds, speaker } = heard;
  const wording: Wording | null =
    text === null
      ? null
      : { text, speaker, startSeconds, endSeconds, words: words ?? wordsOf(text, startSeconds, speaker) };
  return { heard: { ...heard, index: 0 } as Segment, wording };
}

/** Who says what from when to when; `*` where it is other than what was heard. */
function told(cut: ReturnType<typeof recut>): readonly string[] {
  return cut.map(({ heard, wording }) => {
    const { speaker, text, startSeconds, endSeconds } = wording ?? heard;
    return `${speaker}: ${text} ${startSeconds}-${endSeconds}${wording === null ? '' : '*'}`;
  });
}

const heard = part(null, 'one two three four', 0);
const parts = [part('1', 'one two', 0), part('2', 'three four', 2)];

test('what nobody has written is cut as it was heard', () => {
  assert.deepEqual(told(recut(parts, [said(heard, null)])), ['1: one two 0-1.5', '2: three four 2-3.5']);
  assert.deepEqual(told(recut(parts, [said(heard, heard.text)])), ['1: one two 0-1.5', '2: three four 2-3.5']);
});

test('written words go to who speaks when they are said, and a part whose words are as heard is not edited', () => {
  assert.deepEqual(told(recut(parts, [said(heard, 'one two tree fore')])), ['1: one two 0-1.5', '2: tree fore 2-3.5*']);
  const [, edited] = recut(parts, [said(heard, 'one two tree fore')]);
  assert.deepEqual(
    edited?.wording?.words?.map(({ text, speaker }) => `${speaker}${text}`),
    ['2 tree', '2 fore'],
  );
});

test('marks and spaces that no word holds stay with the word before them', () => {
  const words = wordsOf('one two three four', 0, null);
  assert.deepEqual(told(recut(parts, [said(heard, '“one two” – three, four!', words)])), [
    '1: “one two” – 0-1.5*',
    '2: three, four! 2-3.5*',
  ]);
});

test('a part in which no written word is said is one with the part beside it', () => {
  const three = [part('1', 'one', 0), part('2', 'two', 1), part('1', 'three four', 2)];
  const spoken = (text: string, ...places: readonly number[]) =>
    said(
      heard,
      text,
      text.split(' ').flatMap((word, at) => wordsOf(word, places[at] ?? 0, null)),
    );
  assert.deepEqual(told(recut(three, [spoken('one three four', 0, 2, 3)])), ['1: one 0-1.5*', '1: three four 2-3.5']);
  assert.deepEqual(told(recut(three, [spoken('three four', 2, 3)])), ['1: three four 0-3.5*']);
});

test('where it is not known when the words are said, all parts become one, of who speaks first', () => {
  for (const words of [[], wordsOf('quite other words', 0, null)]) {
    assert.deepEqual(told(recut(parts, [said(heard, 'something else', words)])), ['1: something else 0-3.5*']);
  }
});

test('of more words than anybody says in a segment all parts become one', () => {
  const long = Array.from({ length: 499 }, () => 'one').join(' ');
  const words = [...wordsOf('four', 0, null), ...wordsOf('five', 499, null)];
  const before = said(part(null, `${long} two three`, 0), 'four five', words);
  const cut = recut([part('1', long, 0), part('2', 'two three', 499)], [before]);
  assert.deepEqual(told(cut), ['1: four five 0-500.5*']);
});

test('a text that was cut before is put together again, with what was written in each part', () => {
  const before = [said(part('1', 'one two', 0), 'one too'), said(part('2', 'three four', 2), null)];
  assert.deepEqual(told(recut([part('3', 'one two three four', 0)], before)), ['3: one too three four 0-3.5*']);
});

test('a word that two parts share goes to the one that has more of it, and one between them to the nearer', () => {
  const at = (startSeconds: number, endSeconds: number) =>
    said(heard, 'word', [{ startSeconds, endSeconds, text: ' word', probability: 1, speaker: null }]);
  const whose = (startSeconds: number, endSeconds: number) =>
    recut(parts, [at(startSeconds, endSeconds)]).map(({ wording }) => wording?.speaker);
  assert.deepEqual(whose(1.2, 2.1), ['1']);
  assert.deepEqual(whose(1.4, 2.4), ['2']);
  assert.deepEqual(whose(1.6, 1.7), ['1']);
  assert.deepEqual(whose(1.8, 1.9), ['2']);
});
