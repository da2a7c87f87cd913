import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Store } from '../store.ts';
import { added, newJob, type OpenStore } from './samples.ts';

const keyOf = (name: string, role: 'ADMIN' | 'USER' = 'ADMIN', expiresAt: Date | null = null) => ({
  name,
  role,
  sha256: `hash of ${name} ${Math.random()}`,
  prefix: 'phonograph_abcd',
  expiresAt,
});

async function addedKey(store: Store, ...args: Parameters<typeof keyOf>) {
  const key = await store.addApiKey(keyOf(...args));
  assert.ok(key !== null);
  return key;
}

/** API keys, and what is kept for callers. */
export function apiKeysContract(open: OpenStore): void {
  it('keeps keys with when they were made, used and revoked, the oldest first', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const first = await addedKey(store, 'first', 'ADMIN', new Date(time + 1000));
    time += 5;
    const second = await addedKey(store, 'second', 'USER');
    assert.match(first.id, /^key_.{21}$/u);
    assert.deepEqual(await store.apiKeys(), [first, second]);
    await store.noteKeyUses(
      new Map([
        [second.id, new Date(time)],
        ['key_unknown', new Date(time)],
      ]),
    );
    time += 5;
    const revoked = await store.revokeApiKey(second.id, { keepAdmin: true });
    const end = { ...second, lastUsedAt: new Date(time - 5), revokedAt: new Date(time) };
    assert.deepEqual(revoked, { key: end, refused: false });
    time += 5;
    assert.deepEqual(await store.revokeApiKey(second.id, { keepAdmin: true }), { key: end, refused: false });
    assert.deepEqual(await store.apiKeys(), [first, end]);
    assert.equal(await store.revokeApiKey('key_unknown', { keepAdmin: true }), null);
  });

  it('has one role for keys of one name, until they are revoked', async () => {
    await using opened = await open();
    const { store } = opened;
    const user = await addedKey(store, 'alice', 'USER');
    assert.equal(await store.addApiKey(keyOf('alice', 'ADMIN')), null);
    await addedKey(store, 'alice', 'USER');
    assert.equal((await store.apiKeys()).length, 2);
    for (const { id } of await store.apiKeys()) await store.revokeApiKey(id, { keepAdmin: true });
    await addedKey(store, 'alice', 'ADMIN');
    assert.equal((await store.apiKeys())[0]?.id, user.id);
  });

  it('keeps the last key of an ADMIN that has not ended, also where all are revoked at once', async () => {
    await using opened = await open(() => 1000);
    const { store } = opened;
    const keys = [await addedKey(store, 'one'), await addedKey(store, 'two'), await addedKey(store, 'user', 'USER')];
    await addedKey(store, 'gone', 'ADMIN', new Date(999));
    const ends = await Promise.all(keys.map(({ id }) => store.revokeApiKey(id, { keepAdmin: true })));
    assert.equal(ends.filter((end) => end?.refused === true).length, 1);
    const left = ends.find((end) => end?.refused)?.key.id ?? '';
    assert.equal((await store.revokeApiKey(left, { keepAdmin: false }))?.refused, false);
  });

  it('keeps a value of its own once, apart from the settings', async () => {
    await using opened = await open();
    const { store } = opened;
    assert.equal(await store.kept('secret'), null);
    const kept = await Promise.all(['a', 'b', 'c'].map((value) => store.keepOnce('secret', value)));
    const first = await store.kept('secret');
    assert.ok(['a', 'b', 'c'].includes(first ?? ''));
    assert.deepEqual(kept, [first, first, first]);
    assert.deepEqual(await store.settings(), []);
  });

  it('bounds the jobs of one caller that wait, and no one else', async () => {
    await using opened = await open();
    const { store } = opened;
    const limits = { maxQueuedPerCaller: 2 };
    for (let jobs = 0; jobs < 2; jobs += 1) await store.addJob(newJob({ callerId: 'alice' }), limits);
    const full = { name: 'QueueFullError', limit: 2 };
    await assert.rejects(store.addJob(newJob({ callerId: 'alice' }), limits), full);
    await store.addJob(newJob({ callerId: 'bob' }), limits);
    await store.addJob(newJob(), limits);
    const { job } = await store.addJob(newJob({ callerId: 'carol' }), limits);
    await store.cancel(job.id);
    for (let jobs = 0; jobs < 2; jobs += 1) await store.addJob(newJob({ callerId: 'carol' }), limits);
    await assert.rejects(store.retry(job.id, false, { limits }), full);
  });

  it('counts the audio that a caller has brought since a time, as far as it is known', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const begin = new Date(time);
    for (const callerId of ['alice', null]) {
      await store.addJob(newJob({ callerId }));
      const claim = await store.claim('test');
      assert.ok(claim !== null);
      const probe = {
        durationSeconds: 90,
        container: null,
        codec: null,
        sampleRate: null,
        channels: null,
        warnings: [],
        tracks: [],
      };
      await store.saveMedia(claim.lease, probe);
    }
    time += 1000;
    await store.addJob(newJob({ callerId: 'alice' }));
    assert.equal(await store.secondsSince('alice', begin), 90);
    assert.equal(await store.secondsSince(null, begin), 90);
    assert.equal(await store.secondsSince('bob', begin), 0);
    const [own] = await store.jobs({ owner: 'alice', createdBefore: new Date(time) }, { limit: 1 });
    await store.cancel(own?.item.id ?? '');
    await store.reap(await store.expiredAttempts(0));
    assert.equal((await store.deleteJob(own?.item.id ?? ''))?.refused, false);
    assert.equal(await store.secondsSince('alice', begin), 90, 'also of a job that was deleted');
    assert.equal(await store.secondsSince('alice', new Date(time)), 0);
  });

  it('finds the lines of the log that are about the jobs of a caller', async () => {
    await using opened = await open();
    const { store } = opened;
    const [own, other] = [await added(store, { callerId: 'alice' }), await added(store, { callerId: 'bob' })];
    const line = { time: new Date(), level: 'INFO', event: 'test', fields: null } as const;
    const about = [own.id, other.id, null, own.id];
    await store.addLogs(about.map((jobId, at) => ({ ...line, jobId, message: `line ${at}` })));
    const told = async (filter: object) =>
      (await store.logs({ owner: 'alice', ...filter }, { limit: 10 })).map(({ item }) => item.message);
    assert.deepEqual(await told({}), ['line 0', 'line 3']);
    assert.deepEqual(await told({ jobId: other.id }), []);
    assert.deepEqual(await told({ contains: '3', from: new Date(0) }), ['line 3']);
    assert.equal((await store.logs({ owner: 'alice' }, { limit: 1, last: true }))[0]?.item.message, 'line 3');
    const slice = await store.logsSince({ owner: 'alice' }, '0', 1);
    assert.deepEqual([slice.entries.map(({ message }) => message), slice.more], [['line 0'], true]);
  });
}
