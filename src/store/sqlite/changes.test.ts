import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '../../testing/temporary.ts';
import { added } from '../contract/samples.ts';

test('what a job was is not known to who has missed more changes than are kept, and to who comes after is', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const store = temporary.stack.use(await openStore({ database: file }));
  const { id } = await added(store, { title: 'first' });
  const { updatedAt = new Date(0) } = (await store.updateJob(id, { title: 'second' })) ?? {};
  const db = new Sqlite(file);
  const rename = db.prepare('update job set title = ?, updated_at = updated_at + 1');
  const change = db.transaction((times: number) => {
    for (let time = 0; time < times; time += 1) rename.run(`title ${time}`);
  });
  const formerSince = async (from: Date) => (await store.changedSince(from, 1))[0]?.item.former;
  change(9999);
  assert.equal((await formerSince(updatedAt))?.length, 10_000);
  change(1);
  assert.equal(await formerSince(updatedAt), null);
  assert.equal((await formerSince(new Date(updatedAt.getTime() + 2)))?.length, 9999);
  assert.equal(db.prepare('select count(*) from job_former').pluck().get(), 10_000);
  db.close();
});
