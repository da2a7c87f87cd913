import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { OpenStore } from './samples.ts';

/** Overrides of the configuration. */
export function settingsContract(open: OpenStore): void {
  it('stores values of any kind with when and by whom; undefined removes, null is a value', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    assert.deepEqual(await store.settings(), []);
    await store.changeSettings({ mode: 'COMPACT', language: null, numJobs: 2, list: [1, { a: true }] }, 'first');
    time += 5;
    await store.changeSettings({ mode: undefined, numJobs: 3, unknown: undefined }, 'second');
    await store.changeSettings({}, 'third');
    const [before, after] = [new Date(1_700_000_000_000), new Date(time)];
    assert.deepEqual(await store.settings(), [
      { key: 'language', value: null, changedAt: before, changedBy: 'first' },
      { key: 'list', value: [1, { a: true }], changedAt: before, changedBy: 'first' },
      { key: 'numJobs', value: 3, changedAt: after, changedBy: 'second' },
    ]);
  });

  it('proves that it takes a write, again and again', async () => {
    await using opened = await open();
    await opened.store.probe();
    await opened.store.probe();
  });
}
