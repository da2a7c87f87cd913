import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from './query.ts';

/** A query in short: phrases with spaces, a star behind a beginning, a tilde behind what may be a part. */
function read(text: string): { readonly wanted: readonly string[]; readonly unwanted: readonly string[] } {
  const { wanted, unwanted } = parseQuery(text);
  const short = ({ forms, isPrefix, canBePart }: (typeof wanted)[number]) =>
    `${forms.join(' ')}${isPrefix ? '*' : ''}${canBePart ? '~' : ''}`;
  return { wanted: wanted.map(short), unwanted: unwanted.map(short) };
}

test('words, phrases, beginnings and exclusions are read, and signs that mean nothing passed over', () => {
  for (const [text, wanted, unwanted] of [
    ['Ask  COUNTRY', ['ask', 'country~'], []],
    ['"ask not" what*', ['ask not', 'what*'], []],
    ['"ask n"*', ['ask n*'], []],
    ['ask -what -"can do" -coun*', ['ask'], ['what~', 'can do', 'coun*']],
    ['"not closed', ['not closed'], []],
    ['well-known', ['well known'], []],
    ['title:x (a OR b) NEAR', ['title x', 'a', 'or', 'b', 'near~'], []],
    ['- -- * ^ "" "\0" \uD800', [], []],
    ['東京', ['東京'], []],
    ['東京タ', ['東京 京タ'], []],
    ['東京2020', ['東京 京 2020'], []],
    ['東', ['東*'], []],
    ['iPhone を', ['iphone~', 'を*'], []],
  ] as const)
    assert.deepEqual(read(text), { wanted, unwanted }, text);
});

test('a query that is too long is refused', () => {
  for (const text of ['x'.repeat(501), 'a '.repeat(21)])
    assert.throws(() => parseQuery(text), { name: 'RequestError', code: 'BAD_USER_INPUT' });
  assert.equal(parseQuery('a '.repeat(20)).wanted.length, 20);
});
