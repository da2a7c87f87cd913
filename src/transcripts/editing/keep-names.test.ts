import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Speaker } from '../../jobs/transcript.ts';
import { openNameKeeper } from './keep-names.ts';

/** What somebody says, a second each: one speaker a letter, `-` nobody. */
function turns(speakers: string, withWords: boolean) {
  const seconds = Array.from(speakers).map((speaker, startSeconds) => ({
    startSeconds,
    endSeconds: startSeconds + 1,
    speaker: speaker === '-' ? null : speaker,
  }));
  return seconds.map((each) => ({
    ...each,
    words: withWords ? [{ ...each, text: ' word', probability: 1 }] : null,
  }));
}

/** The speakers of now with the names that they have of those before, who are called by their keys. */
function kept(before: string, now: string, withWords = true): string {
  const keeper = openNameKeeper();
  keeper.count(turns(now, withWords), turns(before, withWords));
  const speakers = [...new Set(before)].map((key): Speaker => ({
    id: key,
    key,
    name: key === 'x' ? null : key.toUpperCase(),
    speakingSeconds: 1,
  }));
  return [...keeper.names(speakers)]
    .map(([key, name]) => key + name)
    .toSorted()
    .join(' ');
}

test('a name goes to who says what its owner has said, whatever the keys', () => {
  assert.equal(kept('aabb', '1122'), '1A 2B');
  assert.equal(kept('aabb', '2211'), '1B 2A');
  assert.equal(kept('aabb', '1122', false), '1A 2B');
  assert.equal(kept('xxbb', '1122'), '2B');
});

test('a name goes on only where that is more than half of what both say', () => {
  assert.equal(kept('aaaab', '11112'), '1A 2B');
  // One became two: the name stays with who has most of it.
  assert.equal(kept('aaaa', '1112'), '1A');
  assert.equal(kept('aaaa', '1122'), '');
  // Two became one.
  assert.equal(kept('aaab', '1111'), '1A');
  assert.equal(kept('aabb', '1111'), '');
});

test('what nobody says, before or now, keeps no name and takes none', () => {
  assert.equal(kept('aa--', '1122'), '1A');
  assert.equal(kept('aabb', '11--'), '1A');
  assert.equal(kept('----', '1122'), '');
});

test('what is counted in pieces is counted together', () => {
  const keeper = openNameKeeper();
  for (let piece = 0; piece < 3; piece += 1) keeper.count(turns('11', true), turns(piece === 0 ? 'bb' : 'aa', true));
  const speakers = ['a', 'b'].map((key): Speaker => ({ id: key, key, name: key.toUpperCase(), speakingSeconds: 1 }));
  assert.deepEqual([...keeper.names(speakers)], [['1', 'A']]);
});
