import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { eventsOf, untilEvent } from '#src/testing/follow.ts';
import { openProcessHarness, submitTo } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';

/** Runs `node src/main.ts backup ...`. */
async function backup(directory: string, ...args: readonly string[]) {
  const env = { PATH: process.env['PATH'], PHONOGRAPH_DATA_DIRECTORY: directory };
  const command = [join(import.meta.dirname, '../../main.ts'), 'backup', ...args];
  return new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, command, { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/** Adds a job for each that ends; goes on until the test does. */
async function submitAsTheyEnd(url: string, waiting: readonly string[]): Promise<never> {
  for (const ids = [...waiting]; ; ids.push(await submitTo(url))) await eventsOf(url, ids.shift() ?? '');
}

test('a backup that is made while jobs write is whole, and a server that starts on it goes on with them', async () => {
  await using harness = await openProcessHarness('many-batches');
  const [data, file] = [join(harness.directory, 'data'), join(harness.directory, 'copy.db')];
  const server = harness.start();
  const url = await server.url;
  // One job runs and others wait, from before the backup to after it, however long that takes.
  const waiting = await Promise.all([1, 2, 3].map(() => submitTo(url)));
  await untilEvent(url, waiting[0] ?? '', ({ segments }) => segments !== undefined);
  const made = await Promise.race([backup(data, file), submitAsTheyEnd(url, waiting)]);
  assert.deepEqual([made.code, made.stderr], [0, '']);
  assert.match(made.stdout, /copy\.db: .* MB, checked\./u);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const copy = new Sqlite(file);
  assert.equal(copy.pragma('integrity_check', { simple: true }), 'ok');
  assert.equal(
    copy.prepare('select count(*) from attempt where pid is not null and finished_at is null').pluck().get(),
    0,
  );
  const [last, ...others] = copy.prepare("select id from job where status <> 'COMPLETED'").pluck().all().map(String);
  assert.ok(last !== undefined && others.length > 0, 'it was made in the midst');
  const stored = copy.prepare('select count(*) from job').pluck().get();
  copy.close();
  server.child.kill('SIGKILL');
  await server.ended;
  const other = join(harness.directory, 'restored');
  await mkdir(other);
  await copyFile(file, join(other, 'phonograph.db'));
  const restored = await harness.start({ PHONOGRAPH_DATA_DIRECTORY: other }).url;
  const told = await eventsOf(restored, last);
  assert.equal(told.at(-1)?.status, 'COMPLETED');
  assert.deepEqual(
    told.map(({ seq }) => seq),
    told.map((_, index) => index + 1),
  );
  const { data: answer } = await ask(restored, '{"query":"{ jobs { totalCount } }"}');
  assert.equal(answer.jobs.totalCount, stored);
});
