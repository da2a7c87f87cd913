import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { makeTestProject } from '../testing/setup/test-project.mjs';
import { startOf, takeLock } from './files.mjs';

const { signal } = new AbortController();

test('a second set-up waits until the first gives the lock back', async () => {
  using fixture = makeTestProject();
  const file = join(fixture.root, 'lock');
  const giveBack = await takeLock(file, { signal, onWait: () => assert.fail('nobody to wait for') });
  const order: string[] = [];
  let second: Promise<() => void> | undefined;
  const waiting = Promise.withResolvers<number>();
  second = takeLock(file, { signal, onWait: waiting.resolve }).then((back) => (order.push('second'), back));
  assert.equal(await waiting.promise, process.pid);
  order.push('first gives back');
  giveBack();
  (await second)();
  assert.deepEqual(order, ['first gives back', 'second']);
  assert.deepEqual(readdirSync(fixture.root), []);
});

test('a wait ends when the user interrupts', async () => {
  using fixture = makeTestProject();
  const file = join(fixture.root, 'lock');
  const giveBack = await takeLock(file, { signal, onWait: () => {} });
  const controller = new AbortController();
  await assert.rejects(takeLock(file, { signal: controller.signal, onWait: () => controller.abort() }), {
    name: 'AbortError',
  });
  giveBack();
  assert.deepEqual(readdirSync(fixture.root), []);
});

const staleLocks = {
  'of a process that is gone': JSON.stringify({ pid: 2 ** 22 + 1, start: '1' }),
  'of a number that another process has now': JSON.stringify({ pid: process.pid, start: `${startOf(process.pid)}0` }),
  'that is no lock at all': 'x',
};

for (const [what, text] of Object.entries(staleLocks)) {
  test(`a lock ${what} counts for nothing`, async () => {
    using fixture = makeTestProject();
    fixture.write('lock', text);
    const file = join(fixture.root, 'lock');
    const giveBack = await takeLock(file, { signal, onWait: () => assert.fail('nobody to wait for') });
    assert.equal(existsSync(file), true);
    giveBack();
    assert.deepEqual(readdirSync(fixture.root), []);
  });
}
