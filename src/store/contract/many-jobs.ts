import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { JobPage, Page } from '../page.ts';
import { added, claimed, newBatch, quietly, type OpenStore } from './samples.ts';

const line = { time: new Date(), level: 'INFO', event: 'test', message: 'A line.', fields: null } as const;

/** That many jobs are answered for as each of them is. */
export function manyJobsContract(open: OpenStore): void {
  it('finds jobs by id in the order of the ids', async () => {
    await using opened = await open();
    const { store } = opened;
    const [first, second] = [await added(store), await added(store)];
    const found = await store.jobsById([second.id, 'job_unknown', first.id, second.id]);
    assert.deepEqual(found, [second, null, first, second]);
    assert.deepEqual(await store.jobsById([]), []);
    assert.equal(await store.job('job_unknown'), null);
  });

  it('answers pages of segments and log lines of many jobs as those of each, also the same twice and more than one statement takes', async () => {
    await using opened = await open();
    const { store } = opened;
    const ids = ['job_unknown'];
    for (const texts of [['one', 'two', 'three'], [], ['eins', 'zwei', 'drei', 'vier']]) {
      ids.push((await added(store)).id);
      await store.appendBatch((await claimed(store)).lease, newBatch(texts));
      await store.addLogs([line, line].map((each) => ({ ...each, jobId: ids.at(-1) ?? null })));
    }
    const pages: readonly Page[] = [
      { limit: 2 },
      { limit: 2, last: true },
      { limit: 1, after: '1' },
      { limit: 3, before: '2', last: true },
      { limit: 1000 },
    ];
    const asked: readonly JobPage[] = Array.from({ length: 12 }).flatMap(() =>
      ids.flatMap((jobId) => pages.map((page) => ({ jobId, page }))),
    );
    const segments = await Promise.all(asked.map(({ jobId, page }) => store.segments(jobId, page)));
    assert.deepEqual(await store.segmentsOf(asked), segments);
    const lines = await Promise.all(asked.map(({ jobId, page }) => store.logs({ jobId }, page)));
    assert.deepEqual(await store.logsOf(asked), lines);
    assert.equal(segments.flat().length + lines.flat().length > 12 * 20, true);
    assert.deepEqual([await store.segmentsOf([]), await store.logsOf([]), await store.attemptsOf([])], [[], [], []]);
  });

  it('answers with the attempts of each job, oldest first', async () => {
    await using opened = await open();
    const { store } = opened;
    const [first, second] = [await added(store), await added(store)];
    for (let attempt = 0; attempt < 3; attempt++) {
      const { lease } = await claimed(store);
      await store.finish(lease, { kind: 'INTERRUPTED', crash: null, ...quietly });
    }
    const ids = [second.id, 'job_unknown', first.id, second.id];
    assert.deepEqual(await store.attemptsOf(ids), await Promise.all(ids.map((id) => store.attempts(id))));
    assert.deepEqual(
      (await store.attempts(first.id)).map(({ number }) => number),
      [1, 2, 3],
    );
  });

  it('tells how loud recordings are, of some jobs in the order of the ids, and of none what is not known', async () => {
    await using opened = await open();
    const { store } = opened;
    const [first, second] = [await added(store), await added(store)];
    const { lease } = await claimed(store);
    assert.ok(await store.savePeaks(lease, [0, 0.25, 1]));
    const peaks = await store.peaksOf([second.id, first.id, 'job_unknown', first.id]);
    assert.deepEqual(peaks, [null, [0, 0.25, 1], null, [0, 0.25, 1]]);
  });
}
