import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matches, type Filtered, type JobFilter } from './job-filter.ts';

const createdAt = new Date('2026-01-31T09:30:00Z');
const job: Filtered = {
  id: 'job_1',
  status: 'WORKING',
  owner: 'alice',
  tags: ['radio', 'Köln'],
  title: 'Straße der Lieder',
  createdAt,
  media: { name: 'ΟΔΟΣ Cafe\u0301.wma' },
  updatedAt: createdAt,
  language: { code: 'de' },
};
const [before, after] = [new Date(createdAt.getTime() - 1), new Date(createdAt.getTime() + 1)];

const cases: readonly (readonly [JobFilter, boolean])[] = [
  [{}, true],
  [{ ids: ['job_2', 'job_1'] }, true],
  [{ ids: ['job_2'] }, false],
  [{ ids: [] }, false],
  [{ status: ['WORKING', 'FAILED'] }, true],
  [{ status: ['FAILED'] }, false],
  [{ status: [] }, false],
  [{ owner: 'alice' }, true],
  [{ owner: 'Alice' }, false],
  [{ owner: '' }, false],
  [{ language: 'de' }, true],
  [{ language: 'en' }, false],
  [{ updatedAfter: createdAt }, true],
  [{ updatedAfter: after }, false],
  [{ tag: 'Köln' }, true],
  [{ tag: 'köln' }, false],
  [{ tag: 'rad' }, false],
  [{ titleContains: 'DER lied' }, true],
  [{ titleContains: 'strasse' }, true],
  [{ mediaNameContains: 'cafe' }, true],
  [{ mediaNameContains: 'οδόσ' }, true],
  [{ titleContains: '' }, true],
  [{ titleContains: 'leider' }, false],
  [{ mediaNameContains: 'οδος CAFÉ' }, true],
  [{ mediaNameContains: '.WMA' }, true],
  [{ mediaNameContains: '_' }, false],
  [{ createdAfter: createdAt }, true],
  [{ createdAfter: after }, false],
  [{ createdBefore: after }, true],
  [{ createdBefore: createdAt }, false],
  [{ createdAfter: before, createdBefore: after, tag: 'radio', status: ['WORKING'], titleContains: 'der' }, true],
  [{ createdAfter: before, createdBefore: after, tag: 'radio', status: ['WORKING'], titleContains: 'das' }, false],
];

for (const [filter, isMatch] of cases) {
  test(`${JSON.stringify(filter)} ${isMatch ? 'lets the job through' : 'keeps the job out'}`, () => {
    assert.equal(matches(job, filter), isMatch);
  });
}

test('a job without a title has no part of one', () => {
  assert.equal(matches({ ...job, title: null }, { titleContains: '' }), false);
});
