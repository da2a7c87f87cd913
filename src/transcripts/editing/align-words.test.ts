import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Word } from '../../jobs/transcript.ts';
import { alignWords } from './align-words.ts';
import { applyEdit } from './apply-edit.ts';

/** A word of half a second at each of these seconds, with a pause after it. */
function words(...texts: readonly string[]): readonly Word[] {
  return texts.map((text, second) => ({
    startSeconds: second,
    endSeconds: second + 0.5,
    text,
    probability: 0.75,
    speaker: '1',
  }));
}

/** What becomes of these words when the text is `after`: each with its times, and `!` where it is new. */
function aligned(before: { readonly text: string; readonly words: readonly Word[] }, after: string, endSeconds = 10) {
  return alignWords(before, { text: after, startSeconds: 0, endSeconds }).map(
    (word) => `${word.text} ${word.startSeconds}-${word.endSeconds}${word.probability === 1 ? '!' : ''}`,
  );
}

const said = { text: 'Ask not what your', words: words('Ask', 'not', 'what', 'your') };

test('words that stay keep their times, and one that was misheard has those of the word in its place', () => {
  assert.deepEqual(aligned(said, 'Ask now what your'), ['Ask 0-0.5', 'now 1-1.5!', 'what 2-2.5', 'your 3-3.5']);
});

test('words that are added stand between their neighbours, each for as long as it has letters', () => {
  assert.deepEqual(aligned(said, 'Ask ye a not what your'), [
    'Ask 0-0.5',
    'ye 0.5-0.833!',
    'a 0.833-1!',
    'not 1-1.5',
    'what 2-2.5',
    'your 3-3.5',
  ]);
  assert.deepEqual(aligned(said, 'So ask not what your country', 4), [
    'So 0-0.2!',
    'ask 0.2-0.5!',
    'not 1-1.5',
    'what 2-2.5',
    'your 3-3.5',
    'country 3.5-4!',
  ]);
});

test('words go without a trace, and a text that is another one has the time of the segment', () => {
  assert.deepEqual(aligned(said, 'Ask what'), ['Ask 0-0.5', 'what 2-2.5']);
  assert.deepEqual(aligned(said, 'aa bb', 4), ['aa 0-2!', 'bb 2-4!']);
});

test('of a word that comes again and again the others keep their times', () => {
  const again = { text: 'no no no no', words: words('no', 'no', 'no', 'no') };
  assert.deepEqual(aligned(again, 'no no no').length, 3);
  assert.ok(aligned(again, 'no no no').every((word) => !word.endsWith('!')));
});

test('Chinese and Japanese, which write no spaces, are compared letter by letter', () => {
  const chinese = { text: '我们今天要讨论', words: words('我们', '今天', '要', '讨论') };
  assert.deepEqual(aligned(chinese, '我们明天要讨论'), ['我们 0-0.5', '明天 1-1.5!', '要 2-2.5', '讨论 3-3.5']);
  const japanese = { text: '今日はいい天気です。', words: words('今日', 'は', 'いい', '天気', 'です。') };
  assert.deepEqual(aligned(japanese, '今日はとてもいい天気です。'), [
    '今日 0-0.5',
    'は 1-1.5',
    'とても 1.5-2!',
    'いい 2-2.5',
    '天気 3-3.5',
    'です。 4-4.5',
  ]);
  assert.deepEqual(
    aligned({ text: '我们用Linux工作', words: words('我们', '用', 'Linux', '工作') }, '我们用Linux和Mac工作'),
    ['我们 0-0.5', '用 1-1.5', 'Linux 2-2.5', '和 2.5-2.625!', 'Mac 2.625-3!', '工作 3-3.5'],
  );
});

test('words that touch each other stay as they are, and those with a space before them keep that way of writing', () => {
  const joined = { text: 'a well-known man', words: words(' a', ' well', '-known', ' man') };
  assert.deepEqual(aligned(joined, 'a well-known old man'), [
    ' a 0-0.5',
    ' well 1-1.5',
    '-known 2-2.5',
    ' old 2.5-3!',
    ' man 3-3.5',
  ]);
});

test('words that are not those of the text, or none, give the whole text new ones', () => {
  assert.deepEqual(aligned({ text: 'other words', words: words('not', 'these') }, 'other word', 2), [
    'other 0-1.111!',
    'word 1.111-2!',
  ]);
  assert.deepEqual(aligned({ text: 'x', words: [] }, 'x y', 2), ['x 0-1!', 'y 1-2!']);
});

const bared = (word: Word): Word => ({ ...word, text: word.text.trim() });

const letters = fc.constantFrom(
  'a',
  'b',
  'no',
  'ask,',
  '天',
  '気',
  'は',
  'ก',
  'ำ',
  'Ω',
  '👩‍👩‍👧‍👦',
  '-',
  '。',
  '\u0301',
  ' ',
  '  ',
  '\n',
);
const text = fc
  .array(letters, { minLength: 1, maxLength: 30 })
  .map((all) => all.join('').trim())
  .filter((each) => each !== '');

test('whatever is written after whatever, the words are those of the text, in order of time and within the segment', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), fc.boolean(), (texts, hasSpaces) => {
      const [first = ''] = texts;
      const pieces = first.split(/\s+/u).map((piece) => (hasSpaces ? ` ${piece}` : piece));
      let now: { text: string; words: readonly Word[] } = { text: first, words: words(...pieces) };
      const bounds = { startSeconds: 0, endSeconds: pieces.length };
      for (const next of texts) {
        const found = alignWords(now, { text: next, ...bounds });
        const bare = (all: string) => all.replaceAll(/\s/gu, '');
        assert.equal(bare(found.map((word) => word.text).join('')), bare(next));
        if (hasSpaces) assert.doesNotMatch(found.map((word) => word.text).join(''), /\s\s/u);
        const times = found.flatMap(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);
        assert.deepEqual(
          times,
          times.toSorted((a, b) => a - b),
        );
        assert.ok(times.every((time) => time >= 0 && time <= bounds.endSeconds));
        if (next === now.text) assert.deepEqual(found.map(bared), now.words.map(bared));
        now = { text: next, words: found };
      }
    }),
  );
});

test('a text of ten thousand letters that is another one takes no longer than others can wait', () => {
  const many = Array.from({ length: 2500 }, (_, at) => `w${at}`);
  const before = { text: many.join(' '), words: words(...many) };
  const other = Array.from({ length: 2500 }, (_, at) => `v${at}`).join(' ');
  assert.equal(alignWords(before, { text: other, startSeconds: 0, endSeconds: 1 }).length, 2500);
  assert.equal(alignWords(before, { text: `${before.text} end`, startSeconds: 0, endSeconds: 9999 }).length, 2501);
});

test('a text of more words than anybody says has none, and those that were heard are there for a shorter one again', () => {
  const heard = { ...said, speaker: null, startSeconds: 0, endSeconds: 10 };
  const long = applyEdit(heard, heard, { index: 0, text: `Ask ${'a '.repeat(600)}` }) ?? assert.fail();
  assert.equal(long.words, null);
  const short = applyEdit(heard, long, { index: 0, text: 'Ask now what your' });
  assert.deepEqual(
    short?.words?.map((word) => [word.text, word.probability]),
    [
      ['Ask', 0.75],
      ['now', 1],
      ['what', 0.75],
      ['your', 0.75],
    ],
  );
  assert.equal(applyEdit(heard, heard, { index: 0, text: `Ask ${'a '.repeat(400)}` })?.words?.length, 401);
});
