import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { jobStatuses } from '../../jobs/job.ts';
import { parseQuery } from '../../transcripts/search/query.ts';
import { checkStory } from './check-story.ts';
import { type Act, type Model, openModel } from './model.ts';
import type { OpenStore } from './samples.ts';

const longest = 40;

const which = fc.nat({ max: 11 });
const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      priority: fc.integer({ min: 0, max: 1 }),
      callerId: fc.constantFrom(null, 'first', 'second'),
      mode: fc.constantFrom('COMPACT' as const, 'TURBO' as const),
      recording: fc.constantFrom('THERE' as const, 'THERE' as const, 'SETTLING' as const, 'FETCHED' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('arrive' as const), job: which }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      modes: fc.constantFrom(['COMPACT' as const, 'TURBO' as const], ['COMPACT' as const], ['TURBO' as const]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), job: which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retry' as const), job: which, fromStart: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), job: which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('prioritise' as const),
      job: which,
      priority: fc.integer({ min: 0, max: 1 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('append' as const), lease: which, count: fc.nat({ max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), lease: which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('finish' as const),
      lease: which,
      outcome: fc.constantFrom('COMPLETED' as const, 'FAILED' as const, 'CANCELLED' as const, 'INTERRUPTED' as const),
      isCrash: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reap' as const), isPart: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('jump' as const), hours: fc.constantFrom(-2, 2) }) },
);

/** That no order of acts, with leases held or lost, brings the store to another state than the table of transitions. */
export function randomActsContract(open: OpenStore, runs: number): void {
  it('does as the model does, whatever happens in whatever order, and its events tell the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { minLength: 5, maxLength: longest }), async (sequence) => {
        const clock = { time: 1_700_000_000_000 };
        await using opened = await open(() => (clock.time += 1));
        const model = openModel(opened.store, clock);
        for (const act of sequence) {
          await model.do(act);
          await compare(model);
        }
        for (const { id } of model.jobs) await checkStory(opened.store, id);
        const found = await opened.store.search(parseQuery('text'), {}, { limit: 1000 });
        assert.equal(
          found.length,
          model.jobs.reduce((sum, { segments }) => sum + segments, 0),
        );
      }),
      { numRuns: runs },
    );
  });
}

/** What the store tells of the jobs is what the model says. */
async function compare(model: Model): Promise<void> {
  const stored = await model.store.jobsById(model.jobs.map(({ id }) => id));
  const told = stored.map((job) => [job?.status, job?.segmentCount, job?.cancelRequestedAt !== null]);
  const expected = model.jobs.map((job) => [job.status, job.segments, job.isCancelled]);
  assert.deepEqual(told, expected);
  const counted = await Promise.all(jobStatuses.map((status) => model.store.countJobs({ status: [status] })));
  const statuses = jobStatuses.map((status) => model.jobs.filter((job) => job.status === status).length);
  assert.deepEqual(counted, statuses);
}
