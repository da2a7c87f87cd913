import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { NewJob, Store } from '../store.ts';
import { added, claimed, newBatch, newJob, type OpenStore, quietly } from './samples.ts';

const engine = { engine: '0.1.0', fasterWhisper: '1.2.1', ctranslate2: '4.8.5', model: 'aa' };
const provenance = {
  engine: '0.1.0',
  versions: { fasterWhisper: '1.2.1', ctranslate2: '4.8.5', av: '18.1.0' },
  model: { id: 'base', sha256: 'aa' },
  device: 'cpu',
};
const sha256 = 'bytes';
const reuse = { sha256, engine };

/** That a finished job stands for a new one which would only repeat it. */
export function reuseContract(open: OpenStore): void {
  it('returns the newest finished job of the same bytes, options, engine and caller, and else adds one', async () => {
    await using opened = await open();
    const { store } = opened;
    await completed(store);
    const { id } = await completed(store);
    const twin = (changes: Partial<NewJob> = {}) => store.addJob(newJob({ reuse, ...changes }), { maxQueued: 0 });
    assert.deepEqual(await twin(), { job: await store.job(id), existing: true });
    const { options } = newJob();
    const others: readonly Partial<NewJob>[] = [
      { reuse: { ...reuse, sha256: 'other bytes' } },
      { reuse: { sha256, engine: { ...engine, engine: '0.2.0' } } },
      { reuse: { sha256, engine: { ...engine, fasterWhisper: '1.3.0' } } },
      { reuse: { sha256, engine: { ...engine, ctranslate2: '4.9.0' } } },
      { reuse: { sha256, engine: { ...engine, model: 'bb' } } },
      { options: { ...options, wordTimestamps: true } },
      { options: { ...options, clip: null } },
      { callerId: 'somebody else' },
    ];
    for (const other of others) await assert.rejects(twin(other), { code: 'QUEUE_FULL' }, JSON.stringify(other));
    const { mode, ...rest } = options;
    assert.equal((await twin({ options: { ...rest, mode } })).job.id, id, 'in another order');
  });

  it('returns no job that is deleted, not completed, or of an engine that did not say what it was', async () => {
    await using opened = await open();
    const { store } = opened;
    const isReused = async () => {
      const { job, existing } = await store.addJob(newJob({ reuse }));
      await store.deleteJob(job.id);
      return existing;
    };
    const media = { ...newJob().media, sha256 };
    await added(store, { media });
    assert.equal(await isReused(), false, 'it waits');
    const { lease } = await claimed(store);
    assert.equal(await isReused(), false, 'it works');
    await store.finish(lease, { kind: 'CANCELLED', ...quietly, provenance });
    assert.equal(await isReused(), false, 'it was cancelled');
    await completed(store, null);
    assert.equal(await isReused(), false, 'nobody knows its engine');
    await completed(store);
    assert.equal(await isReused(), true);
    assert.equal(await isReused(), false, 'it was deleted');
  });

  it('returns no job while it is edited, and one of which only speakers are named', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['one']));
    const ending = { kind: 'COMPLETED', processedSeconds: 1, sha256, ...quietly, provenance } as const;
    await store.finish(lease, ending);
    const isReused = async () => {
      const { job, existing } = await store.addJob(newJob({ reuse }));
      if (!existing) await store.deleteJob(job.id);
      return existing;
    };
    await store.editSegments(id, [{ index: 0, speaker: '1' }], null);
    assert.equal(await isReused(), false);
    await store.renameSpeaker(id, '1', 'Anna');
    await store.revertSegments(id, null, null);
    assert.equal(await isReused(), true);
  });

  it('keeps the hash that the recording had from the start', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store, { media: { ...newJob().media, sha256: 'of the upload' } });
    const { lease } = await claimed(store);
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, sha256, ...quietly });
    assert.equal((await store.job(id))?.media.sha256, 'of the upload');
  });
}

/** A job by path that is completed by this engine, its recording hashed meanwhile. */
async function completed(store: Store, told: typeof provenance | null = provenance): Promise<{ readonly id: string }> {
  const job = await added(store);
  const { lease } = await claimed(store);
  await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, sha256, ...quietly, provenance: told });
  return job;
}
