import assert from 'node:assert/strict';
import { it } from 'node:test';
import { added, claimed, eventsOf, newBatch, type OpenStore, progressAt, quietly } from './samples.ts';

/** That events are numbered without a gap and stay as they were. */
export function eventsContract(open: OpenStore): void {
  it('numbers the events of a job 1, 2, 3 ..., however many write at once', async () => {
    await using opened = await open();
    const { store } = opened;
    const jobs = await Promise.all([added(store), added(store), added(store)]);
    const claims = await Promise.all(jobs.map(() => claimed(store)));
    const writes = Array.from({ length: 10 }, (_, round) =>
      claims.flatMap(({ lease }) => [
        store.appendBatch(lease, newBatch([`round ${round}`])),
        store.enterStage(lease, progressAt(0.1)),
        store.saveLanguage(lease, { code: 'en', probability: 1 }),
        store.renew(lease),
      ]),
    );
    await Promise.all([...writes.flat(), ...jobs.map(({ id }) => store.cancel(id))]);
    await Promise.all(claims.map(({ lease }) => store.finish(lease, { kind: 'CANCELLED', ...quietly })));
    for (const { id } of jobs) {
      const events = await eventsOf(store, id);
      assert.deepEqual(
        events.map(({ seq }) => seq),
        Array.from({ length: 2 + 10 * 4 + 1 }, (_, index) => index + 1),
      );
      assert.equal((await store.job(id))?.lastEventSeq, events.length);
      const segments = await store.segments(id, { limit: 100 });
      assert.deepEqual(
        segments.map(({ item }) => item.index),
        [...segments.keys()],
      );
    }
  });

  it('answers those after a number, at most as many as asked for, and none for an unknown job', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    for (const fraction of [0.1, 0.2, 0.3]) await store.enterStage(lease, progressAt(fraction));
    const all = await eventsOf(store, id);
    assert.deepEqual(
      all.map(({ seq }) => seq),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual(await store.events(id, 2, 2), all.slice(2, 4));
    assert.deepEqual(await store.events(id, 5, 10), []);
    assert.deepEqual(await store.events('job_unknown', 0, 10), []);
  });

  it('keeps what held at the time, also when the transcript is void', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    await store.saveLanguage(lease, { code: 'de', probability: 0.6 });
    await store.appendBatch(lease, newBatch(['one', 'two'], 0.5));
    const before = await eventsOf(store, id);
    await store.clearTranscript(lease);
    await store.appendBatch(lease, newBatch(['eins'], 0.75));
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    assert.deepEqual((await eventsOf(store, id)).slice(0, before.length), before);
  });
}
