import assert from 'node:assert/strict';
import { test } from 'node:test';
import table from '#runner/engine/tests/sentences.json' with { type: 'json' };
import { endsSentence, sentencesOf } from './sentences.ts';

test('sentences of nineteen languages end where they end, also beside abbreviations, initials, ordinals and numbers', () => {
  assert.ok(Object.keys(table).length >= 10);
  for (const [language, texts] of Object.entries(table)) {
    const separator = ['ja', 'zh'].includes(language) ? '' : ' ';
    for (const sentences of texts) {
      const found = [...sentencesOf(sentences.join(separator), language)].map((sentence) => sentence.trimEnd());
      assert.deepEqual(found, sentences);
    }
  }
});

test('a language without a list has initials and small letters, and a text keeps every letter', () => {
  const text = 'Pan dr. Novák. A. Einstein (1879.) Etc. 𝒜. “Quoted.” ... end';
  for (const language of ['cs', null]) assert.equal([...sentencesOf(text, language)].join(''), text);
  assert.equal(endsSentence('A.', ' Einstein', null), false);
  assert.equal(endsSentence('.', ' Then', 'ja'), true);
});
