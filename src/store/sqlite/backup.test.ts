import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '../../testing/temporary.ts';
import { added } from '../contract/samples.ts';
import { backUp } from './backup.ts';

const quietly = { onProgress: () => undefined, signal: new AbortController().signal };

test('a backup holds what there is when it begins, however much is written meanwhile', async () => {
  await using temporary = await openTemporary();
  const [from, to] = [join(temporary.directory, 'from.db'), join(temporary.directory, 'to.db')];
  const store = temporary.stack.use(await openStore({ database: from }));
  // More pages than are copied at once.
  for (let job = 0; job < 60; job++) await added(store, { metadata: { text: 'x'.repeat(100_000) } });
  const fractions: number[] = [];
  const writes: Promise<unknown>[] = [];
  const onProgress = (fraction: number): void => {
    fractions.push(fraction);
    writes.push(added(store));
  };
  const bytes = await backUp(from, to, { ...quietly, onProgress });
  await Promise.all(writes);
  assert.ok(bytes > 6_000_000);
  assert.ok(fractions.length > 1);
  assert.deepEqual(
    fractions,
    fractions.toSorted((a, b) => a - b),
    'it never begins again',
  );
  await using copy = await openStore({ database: to });
  assert.equal(await copy.countJobs({}), 60);
  assert.equal(await store.countJobs({}), 60 + writes.length);
});

test('a backup writes over nothing, and one that is not made leaves nothing', async () => {
  await using temporary = await openTemporary();
  const { directory } = temporary;
  const [from, to] = [join(directory, 'from.db'), join(directory, 'to.db')];
  await assert.rejects(backUp(from, to, quietly), { name: 'BackupError', message: /There is no database/u });
  const store = temporary.stack.use(await openStore({ database: from }));
  await added(store);
  await writeFile(to, 'precious');
  await assert.rejects(backUp(from, to, quietly), { name: 'BackupError', message: /exists already/u });
  assert.equal(await readFile(to, 'utf8'), 'precious');
  const nowhere = join(directory, 'no/such/folder/to.db');
  await assert.rejects(backUp(from, nowhere, quietly), {
    name: 'BackupError',
    message: /cannot be written.*ENOENT\. Make this folder first\./u,
  });
  const aborted = { ...quietly, signal: AbortSignal.abort() };
  await assert.rejects(backUp(from, join(directory, 'stopped.db'), aborted), { name: 'AbortError' });
  await assert.rejects(backUp(to, join(directory, 'other.db'), quietly), { name: 'MigrationError' });
  const left = (await readdir(directory)).filter((name) => !name.startsWith('from.db'));
  assert.deepEqual(left, ['to.db']);
});
