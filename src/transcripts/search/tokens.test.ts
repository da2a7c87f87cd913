import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { foldWord as fold } from './tokens.ts';

test('case, accents and width do not matter; letters of other scripts keep their marks', () => {
  for (const [word, folded] of [
    ['COUNTRY', 'country'],
    ['Café', 'cafe'],
    ['Straße', 'strasse'],
    ['ΆΛΦΑ', 'αλφα'],
    ['İstanbul', 'istanbul'],
    ['Ｗｈｉｓｐｅｒ１', 'whisper1'],
    ['ｶﾞ', 'ガ'],
    ['がぎ', 'がぎ'],
    ['हिन्दी', 'हिन्दी'],
    ['½', '12'],
    ['́', ''],
  ] as const)
    assert.equal(fold(word), folded, word);
});

test('what is folded stays as it is, and has no space and no sign', () => {
  const character = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    // The blocks whose characters are not looked at one by one.
    fc
      .constantFrom([0x30_41, 0x30_ff], [0x4e_00, 0x9f_ff], [0xac_00, 0xd7_a3])
      .chain(([min, max]) => fc.integer({ min: min ?? 0, max: max ?? 0 }).map((code) => String.fromCodePoint(code))),
  );
  fc.assert(
    fc.property(character, (text) => {
      const folded = fold(text.replaceAll(/[\p{P}\p{S}\p{Z}\p{C}]/gu, ''));
      assert.equal(fold(folded), folded);
      assert.equal(fold(folded.normalize('NFKD')), folded);
      assert.doesNotMatch(folded, /[\s"*()]/u);
    }),
    { numRuns: 300 },
  );
});
