import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetChaos } from '#src/testing/chaos/fleet.ts';
import { postgresProgram } from '#src/testing/postgres.ts';
import { recordings } from '#src/testing/recordings.ts';

test(
  'whatever befalls two API nodes, two workers and their database, each job ends once, and its clients have missed nothing',
  { skip: postgresProgram.skip },
  async () => {
    const { jobs, attempts, interrupted } = await fleetChaos({
      engine: 'twelve-batches 100',
      recordings: recordings().map(({ path }) => path),
      mishaps: ['worker killed', 'api killed', 'worker cut off', 'database restarted', 'database replaced'],
      workers: 2,
      slots: 2,
      leaseSeconds: 3,
      seed: 4,
      maxPauseMs: 400,
    });
    assert.ok(interrupted > 0, 'jobs were taken over');
    assert.ok(attempts > jobs);
  },
);
