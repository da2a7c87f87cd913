import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { piecesOf } from './breaks.ts';
import { widthOf, wrap as wrapPieces } from './wrap.ts';

const wrap = (text: string, width: number) => wrapPieces(piecesOf(text), width);

test('lines are as even as can be, also where no spaces are written', () => {
  assert.deepEqual(wrap('ask what you can do for your country now', 36), [
    'ask what you can do',
    'for your country now',
  ]);
  assert.deepEqual(wrap('今日はとてもいい天気ですね、散歩に行きましょう', 30), [
    '今日はとてもいい天気ですね、',
    '散歩に行きましょう',
  ]);
  assert.deepEqual(wrap('هذا نص عربي طويل يحتاج إلى سطرين', 20), ['هذا نص عربي طويل', 'يحتاج إلى سطرين']);
  assert.deepEqual(wrap('זה משפט ארוך שצריך שתי שורות', 20), ['זה משפט ארוך', 'שצריך שתי שורות']);
});

test('a word longer than a line is cut, and a letter stays with its marks', () => {
  assert.deepEqual(wrap('Donaudampfschifffahrtsgesellschaft', 12), ['Donaudampfsc', 'hifffahrtsge', 'sellschaft']);
  const family = '👩‍👩‍👧‍👦';
  assert.deepEqual(wrap(family.repeat(6), 8), [family.repeat(3), family.repeat(3)]);
  assert.deepEqual(wrap('e\u0301'.repeat(10), 8), ['e\u0301'.repeat(8), 'e\u0301'.repeat(2)]);
});

test('no line of Chinese or Japanese begins with a closing mark or ends with an opening one', () => {
  const anyJapanese = fc.string({
    unit: fc.constantFrom('今', '日', 'は', '天', '気', '、', '。', '」', '「', 'ー', 'っ'),
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(anyJapanese, fc.integer({ min: 8, max: 40 }), (text, width) => {
      // Marks upon marks may be longer than a line, and are then cut like a word.
      fc.pre(!/[、。」「ーっ]{3}/u.test(text));
      const lines = wrap(text, width);
      for (const line of lines.slice(1)) assert.doesNotMatch(line, /^[、。」]/u);
      for (const line of lines.slice(0, -1)) assert.doesNotMatch(line, /「$/u);
    }),
  );
});

/** All ways of breaking between words into lines that fit. */
function everyLayout(words: readonly string[], width: number): readonly (readonly string[])[] {
  const all: string[][] = [];
  for (let breaks = 0; breaks < 2 ** (words.length - 1); breaks += 1) {
    const lines = [words[0] ?? ''];
    for (const [index, word] of words.slice(1).entries()) {
      if ((breaks & (1 << index)) === 0) lines[lines.length - 1] += ` ${word}`;
      else lines.push(word);
    }
    if (lines.every((line) => widthOf(line) <= width)) all.push(lines);
  }
  return all;
}

const lonely = (lines: readonly string[]) => lines.filter((line) => !line.includes(' ')).length;
const anyWords = fc.array(fc.stringMatching(/^[a-z]{1,8}$/u), { minLength: 1, maxLength: 9 });

test('lines are as few as can be, and no word stands alone where that can be', () => {
  fc.assert(
    fc.property(anyWords, fc.integer({ min: 8, max: 30 }), (words, width) => {
      const lines = wrap(words.join(' '), width);
      const layouts = everyLayout(words, width);
      const fewest = Math.min(...layouts.map(({ length }) => length));
      const best = layouts.filter(({ length }) => length === fewest);
      assert.equal(lines.length, fewest);
      assert.equal(lonely(lines), Math.min(...best.map(lonely)));
    }),
  );
});

test('two lines without a lonely word are as even as any such two can be', () => {
  fc.assert(
    fc.property(anyWords, fc.integer({ min: 16, max: 60 }), (words, width) => {
      const lines = wrap(words.join(' '), width);
      fc.pre(lines.length === 2 && lonely(lines) === 0);
      const such = everyLayout(words, width).filter((layout) => layout.length === 2 && lonely(layout) === 0);
      assert.equal(difference(lines), Math.min(...such.map(difference)));
    }),
  );
});

function difference([first = '', second = '']: readonly string[]): number {
  return Math.abs(widthOf(first) - widthOf(second));
}

test('spaces at which no line may end count in a piece that has to be cut', () => {
  for (const line of wrap('!)! )): !', 8)) assert.ok(widthOf(line) <= 8, line);
});
