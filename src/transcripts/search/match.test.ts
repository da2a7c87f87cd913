import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { highlight } from './match.ts';
import { parseQuery } from './query.ts';

const mark = (text: string, query: string) => highlight(text, parseQuery(query));

test('what was looked for is marked: words, phrases, beginnings, parts and characters', () => {
  for (const [text, query, marked] of [
    ['Ask what, ask WHAT', 'what', 'Ask <mark>what</mark>, ask <mark>WHAT</mark>'],
    ['so ask not what', '"ask not"', 'so <mark>ask not</mark> what'],
    ['so ask not what', 'ask "ask not" -what', 'so <mark>ask not</mark> what'],
    ['a country, two countries', 'countr*', 'a <mark>country</mark>, two <mark>countries</mark>'],
    ['Autobahn und Bahn', 'bahn', '<mark>Autobahn</mark> und <mark>Bahn</mark>'],
    ['cover it over', 'over', 'cover it <mark>over</mark>'],
    ['Café Straße', 'cafe strasse', '<mark>Café</mark> <mark>Straße</mark>'],
    ['東京の東', '東', '<mark>東</mark>京の<mark>東</mark>'],
    ['東京都', '東京', '<mark>東京</mark>都'],
    ['東京都', '東京*', '<mark>東京</mark>都'],
    ['第3回', '3回', '第<mark>3回</mark>'],
    ["don't", "don't", '<mark>don&#39;t</mark>'],
    ['nothing', '', 'nothing'],
  ] as const)
    assert.equal(mark(text, query), marked, `${text}, ${query}`);
});

test('without its marks a highlight is the escaped text, whatever text and query are', () => {
  const signs = fc.constantFrom('<', '>', '&', '"', "'", '<mark>', '</mark>', '&lt;', 'ab', '東京', '\uD800', ' ', 'é');
  const text = fc.array(signs, { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, text, (said, query) => {
      const html = mark(said, query);
      assert.ok(!/[<>"']/u.test(html.replaceAll(/<mark>(?<inside>[^<>]+)<\/mark>/gu, '$<inside>')));
      const plain = html.replaceAll(/<\/?mark>/gu, '');
      const signOf: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
      assert.equal(
        plain.replaceAll(/&(?<name>[a-z#0-9]+);/gu, (_, name: string) => signOf[name] ?? 'unknown'),
        said,
      );
    }),
  );
});
