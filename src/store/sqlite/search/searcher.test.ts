import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '../../../testing/temporary.ts';
import { parseQuery } from '../../../transcripts/search/query.ts';
import { added, claimed, newBatch } from '../../contract/samples.ts';
import { rangeOf } from '../../sql/search/entries.ts';
import type { MatchRequest } from '../../sql/search/matches.ts';
import { openFileSearcher } from './searcher.ts';

const request: MatchRequest = { expression: '"word"', query: parseQuery('word'), ranges: [rangeOf(1)], limit: 10 };
const unavailable = { name: 'RequestError', code: 'SERVICE_UNAVAILABLE' };

/** A database in which one segment says `word`. */
async function openSpoken() {
  const { directory, stack } = await openTemporary();
  const file = join(directory, 'phonograph.db');
  const store = stack.use(await openStore({ database: file }));
  await added(store);
  await store.appendBatch((await claimed(store)).lease, newBatch(['a word']));
  return { file, stack, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('a search that takes too long is given up, and leaves no thread', async () => {
  await using spoken = await openSpoken();
  const searcher = spoken.stack.use(openFileSearcher(spoken.file, 0));
  await assert.rejects(searcher.match(request), unavailable);
});

test('searches take turns, and those that are too many are refused', async () => {
  await using spoken = await openSpoken();
  const searcher = spoken.stack.use(openFileSearcher(spoken.file));
  const asked = await Promise.allSettled(Array.from({ length: 150 }, () => searcher.match(request)));
  const answers = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const refusals = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  assert.ok(answers.length >= 100 && refusals.length > 0, `${answers.length} answers`);
  assert.deepEqual(
    answers.at(-1)?.map(({ entry, index }) => [entry, index]),
    [[2 ** 24, 0]],
  );
  for (const refusal of refusals)
    assert.throws(() => {
      throw refusal;
    }, unavailable);
  assert.equal((await searcher.match(request)).length, 1);
});

test('what is wrong with a search itself is thrown as it is', async () => {
  await using spoken = await openSpoken();
  const searcher = spoken.stack.use(openFileSearcher(spoken.file));
  await assert.rejects(searcher.match({ ...request, expression: '"' }), /unterminated string/u);
});
