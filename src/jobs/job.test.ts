import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedIn, isFinished, type JobAct, jobStatuses, nextStatus } from './job.ts';

const table: Readonly<Record<JobAct, string>> = {
  claim: 'QUEUED>WORKING',
  complete: 'WORKING>COMPLETED',
  fail: 'QUEUED>FAILED WORKING>FAILED',
  interrupt: 'WORKING>QUEUED',
  cancel: 'QUEUED>CANCELLED WORKING>CANCELLED',
  retry: 'FAILED>QUEUED CANCELLED>QUEUED',
};

test('each act leads where the table says, and nowhere else', () => {
  for (const act of Object.keys(table) as JobAct[]) {
    const allowed = jobStatuses.flatMap((status) => {
      const next = nextStatus(status, act);
      return next === null ? [] : [`${status}>${next}`];
    });
    assert.equal(allowed.join(' '), table[act]);
    assert.deepEqual(
      allowedIn(act),
      allowed.map((each) => each.split('>')[0]),
    );
  }
});

test('a finished job leaves its status by a retry alone, a completed one never', () => {
  for (const status of jobStatuses.filter(isFinished)) {
    const acts = (Object.keys(table) as JobAct[]).filter((act) => nextStatus(status, act) !== null);
    assert.deepEqual(acts, status === 'COMPLETED' ? [] : ['retry']);
  }
});
