import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { StorageFullError } from '#src/errors.ts';
import { retry } from './retry.ts';

const log = pino({ level: 'silent' });
const never = new AbortController().signal;

function failing(times: number, error: Error): { readonly act: () => Promise<string>; readonly tries: () => number } {
  let tries = 0;
  return {
    tries: () => tries,
    async act() {
      tries += 1;
      if (tries <= times) throw error;
      return 'answer';
    },
  };
}

test('it asks until there is an answer', async () => {
  const { act, tries } = failing(2, new Error('busy'));
  assert.equal(await retry(act, { log, what: 'test', signal: never }), 'answer');
  assert.equal(tries(), 3);
});

test('it gives up after so many tries, but not for a full disk', async () => {
  const busy = failing(9, new Error('busy'));
  await assert.rejects(retry(busy.act, { log, what: 'test', signal: never, maxTries: 2 }), /busy/u);
  assert.equal(busy.tries(), 2);
  const full = failing(2, new StorageFullError('full'));
  assert.equal(await retry(full.act, { log, what: 'test', signal: never, maxTries: 1 }), 'answer');
});

test('an aborted signal ends the patience after one more try', async () => {
  const { act, tries } = failing(9, new Error('busy'));
  await assert.rejects(retry(act, { log, what: 'test', signal: AbortSignal.abort() }), /busy/u);
  assert.equal(tries(), 1);
});

test('what was done while the signal was aborted is not done again', async () => {
  const ending = new AbortController();
  let times = 0;
  const act = async () => {
    times += 1;
    ending.abort();
    return times;
  };
  assert.equal(await retry(act, { log, what: 'test', signal: ending.signal }), 1);
  assert.equal(times, 1);
});
