import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '../../testing/temporary.ts';
import { added, claimed, newBatch, newJob, quietly } from '../contract/samples.ts';

/** A store with a job like any other, and one whose columns of JSON hold `text`. */
async function openBroken(text: string) {
  const { directory, stack } = await openTemporary();
  const file = join(directory, 'phonograph.db');
  const open = () => openStore({ database: file });
  const before = await open();
  const { id } = await added(before, { tags: [], idempotencyKey: 'once' });
  const { lease } = await claimed(before);
  await before.appendBatch(lease, newBatch(['one']));
  const failure = { code: 'INTERNAL', message: 'It failed.', hint: null, retryable: true } as const;
  await before.finish(lease, { kind: 'FAILED', failure, ...quietly, provenance: { engine: '1' } });
  const { id: sound } = await added(before, { priority: -1 });
  await before.addLogs([
    { time: new Date(), level: 'INFO', event: 'test', message: 'A line.', jobId: id, fields: { a: 1 } },
  ]);
  await before.changeSettings({ numJobs: 2 }, 'test');
  await before[Symbol.asyncDispose]();
  const db = new Sqlite(file);
  db.prepare('update job set options = ?, tags = ?, metadata = ?, failure = ?, checkpoint = ? where id = ?').run(
    text,
    text,
    text,
    text,
    text,
    id,
  );
  db.prepare('update media set warnings = ? where id = (select media_id from job where id = ?)').run(text, id);
  for (const [table, column] of [
    ['segment', 'words'],
    ['attempt', 'provenance'],
    ['log', 'fields'],
    ['setting', 'value'],
  ]) {
    db.prepare(`update ${table} set ${column} = ?`).run(text);
  }
  db.close();
  return { store: stack.use(await open()), id, sound, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

for (const text of ['', 'no JSON', '{}', '[]', 'null', '5', '{"mode":"UNHEARD_OF","model":5,"clip":[]}']) {
  test(`columns that hold ${JSON.stringify(text)} hide neither their job nor the others`, async () => {
    await using opened = await openBroken(text);
    const { store, id, sound } = opened;
    const jobs = (await store.jobs({}, { limit: 10 })).map(({ item }) => item);
    assert.deepEqual(
      jobs.map((job) => [job.id, job.status]),
      [
        [sound, 'QUEUED'],
        [id, 'FAILED'],
      ],
    );
    assert.deepEqual(jobs[0]?.options, newJob().options);
    assert.equal(jobs[1]?.options.mode, 'COMPACT');
    assert.deepEqual(jobs[1]?.tags, []);
    assert.deepEqual(
      (await store.segments(id, { limit: 10 })).map(({ item }) => item.text),
      ['one'],
    );
    assert.equal((await store.attempts(id)).length, 1);
    assert.equal((await store.logs({ jobId: id }, { limit: 10 })).length, 1);
    assert.equal((await store.settings()).length, 1);
    assert.equal((await store.retry(id, false))?.job.status, 'QUEUED');
    assert.equal((await claimed(store)).job.id, id);
  });
}

test('an option that an older version did not know has its default', async () => {
  await using opened = await openBroken('{"mode":"LOW_LATENCY","model":"medium","beamSize":7}');
  const { options } = (await opened.store.job(opened.id)) ?? {};
  assert.deepEqual([options?.mode, options?.model, options?.beamSize], ['LOW_LATENCY', 'medium', 7]);
  assert.deepEqual([options?.vad, options?.channels, options?.clip], [true, 'MIX', null]);
});
