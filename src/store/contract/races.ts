import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import type { Store } from '../store.ts';
import type { Lease } from '../work.ts';
import { checkStory } from './check-story.ts';
import { added, claimed, newBatch, type OpenStore, quietly, storyOf } from './samples.ts';

const failure = { code: 'INTERNAL', message: 'It failed.', hint: null, retryable: true } as const;

/** What can meet at the end of a running job. */
const rivals: Readonly<Record<string, (store: Store, lease: Lease) => Promise<unknown>>> = {
  cancel: (store, { jobId }) => store.cancel(jobId),
  cancelAgain: (store, { jobId }) => store.cancel(jobId),
  complete: (store, lease) => store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly }),
  fail: (store, lease) => store.finish(lease, { kind: 'FAILED', failure, ...quietly }),
  crash: (store, lease) => store.finish(lease, { kind: 'INTERRUPTED', crash: 'ENGINE_CRASHED', ...quietly }),
  append: (store, lease) => store.appendBatch(lease, newBatch(['late'])),
  reap: async (store) => store.reap(await store.expiredAttempts(0)),
  retry: (store, { jobId }) => store.retry(jobId, false),
};

const endings = ['COMPLETED', 'FAILED', 'CANCELLED'];
const orders = fc.shuffledSubarray(Object.keys(rivals), { minLength: 2 });

/** That a job ends once, whatever comes at the same time. */
export function racesContract(open: OpenStore, runs: number): void {
  it('ends a job exactly once for each time that it was queued, and as CANCELLED once that was acknowledged', async () => {
    await fc.assert(
      fc.asyncProperty(orders, async (order) => {
        await using opened = await open();
        const { store } = opened;
        const { id } = await added(store);
        const { lease } = await claimed(store);
        await Promise.all(order.map(async (name) => rivals[name]?.(store, lease)));
        const isCancelling = (await store.job(id))?.cancelRequestedAt !== null;
        await settle(store, id);
        const story = (await storyOf(store, id)).filter((word) => word === 'QUEUED' || endings.includes(word));
        for (const [index, word] of story.entries()) {
          assert.ok(index === 0 || !endings.includes(word) || story[index - 1] === 'QUEUED', story.join(' '));
        }
        assert.ok(endings.includes(story.at(-1) ?? ''), story.join(' '));
        if (isCancelling) assert.equal(story.at(-1), 'CANCELLED');
        await checkStory(store, id);
      }),
      { numRuns: runs * 4 },
    );
  });
}

/** Lets a runner and a start do what they do, until the job is over. */
async function settle(store: Store, id: string): Promise<void> {
  await store.reap(await store.expiredAttempts(0));
  if ((await store.job(id))?.status !== 'QUEUED') return;
  await store.finish((await claimed(store)).lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
}
