import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { cleanText, parseAny, parseOptions, toJson } from './json.ts';

test('JSON comes back as it went in, but for what is not text', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const clean: unknown = JSON.parse(JSON.stringify(value), (_, part: unknown) =>
        typeof part === 'string' ? cleanText(part) : part,
      );
      assert.deepEqual(sorted(parseAny(toJson(value))), sorted(clean));
    }),
    { numRuns: 50 },
  );
});

for (const [text, clean] of [
  ['\0', '\uFFFD'],
  ['\\u0000', '\\u0000'],
  ['\\\0', '\\\uFFFD'],
  ['\uDC00\uD800', '\uFFFD\uFFFD'],
  ['\u{1F600}\n"', '\u{1F600}\n"'],
] as const) {
  test(`text is kept without halves of pairs and NUL, also as a key: ${JSON.stringify(text)}`, () => {
    assert.equal(cleanText(text), clean);
    assert.deepEqual(parseAny(toJson({ [text]: text })), { [clean]: clean });
  });
}

test('what JSON cannot say is null', () => {
  assert.equal(toJson(undefined), 'null');
  assert.equal(parseAny(null), null);
});

/** Keys are compared clean, as the store keeps them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [cleanText(key), sorted(part)] as const);
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

test('options that are missing or not known any more have their default, and the others stay as they are stored', () => {
  const stored = {
    mode: 'COMPACT',
    model: 'tiny',
    beamSize: 99,
    task: 'SING',
    vad: false,
    clip: { endSeconds: -1 },
    old: 1,
  };
  const options = parseOptions(toJson(stored));
  assert.deepEqual([options.model, options.vad, options.beamSize, options.task], ['tiny', false, 5, 'TRANSCRIBE']);
  assert.deepEqual([options.clip, options.language, 'old' in options], [null, null, false]);
  assert.deepEqual(parseOptions('nonsense'), parseOptions('{}'));
});
