import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { eventsOf, untilEvent } from '#src/testing/follow.ts';
import { openProcessHarness } from '#src/testing/process.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';
import { jsonLines, main, phonograph, plainEnvironment, start } from './run.ts';

/** Runs commands one after the other; each must succeed. */
function typist(server: TestServer) {
  return async (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await phonograph(args, { server: server.url });
    assert.equal(exitCode, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
}

test('jobs are listed, shown, searched, cancelled and run again', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  const type = typist(server);
  const id = await submit(server, { title: 'a \u001B[31mred\u001B[0m title', tags: ['red'] });
  await untilEvent(server.url, id, ({ segments }) => segments !== undefined);
  assert.match(
    await type('jobs', '--tag', 'red'),
    new RegExp(`^${id}\\tWORKING\\t\\d+ %\\t\\S+ \\S+\\ta \uFFFD\\[31mred`, 'u'),
  );
  assert.equal(await type('jobs', '--status', 'failed', '--status', 'CANCELLED'), '');
  assert.match(await type('show', id), /^job +job_\S+\n.*\nrecording +speech\.wav, 0:09\nstatus +WORKING/u);
  assert.match(await type('show', id, '--format', 'SRT'), /one two\n\n?$/u);
  assert.match(await type('search', 'two'), new RegExp(`^${id} {2}0:03 {2}.*\\n {2}two$`, 'u'));
  const unfound = await phonograph(['search', 'giraffe'], { server: server.url });
  assert.deepEqual([unfound.stdout, unfound.stderr], ['', 'Nothing was found.']);
  assert.match(await type('cancel', '--all'), new RegExp(`^${id} {2}(?:is being cancelled|CANCELLED)$`, 'u'));
  assert.equal((await eventsOf(server.url, id)).at(-1)?.status, 'CANCELLED');
  assert.equal(await type('retry', id), `${id}  QUEUED`);
  assert.equal((await eventsOf(server.url, id)).at(-1)?.status, 'COMPLETED');
  const late = await phonograph(['cancel', id, 'job_nowhere', '--json'], { server: server.url });
  assert.equal(late.exitCode, 1);
  assert.deepEqual(
    jsonLines(late.stdout).map(({ code }) => code),
    ['JOB_ALREADY_FINISHED', 'JOB_NOT_FOUND'],
  );
});

test('the log is followed from its last line on, and the defaults of jobs are changed', async () => {
  await using server = await openTestServer();
  const type = typist(server);
  const follower = start(['logs', '--follow', '--json', '--contains', 'job ended'], { server: server.url });
  const seen = follower[Symbol.asyncIterator]();
  // What ended before it looked, and what ends while it follows, comes once.
  const ids = [await submit(server)];
  assert.equal(JSON.parse(String((await seen.next()).value)).jobId, ids[0]);
  ids.push(await submit(server));
  assert.equal(JSON.parse(String((await seen.next()).value)).jobId, ids[1]);
  follower.kill('SIGTERM');
  await follower;
  const line = /INFO {3}job ended: attempt 1, outcome COMPLETED, ms \d+ {2}job_\S+$/mu;
  assert.match(await type('logs', '--contains', 'job ended'), line);
  assert.match(await type('config', 'numJobs=2', 'language=de'), /^numJobs\t2$[\s\S]*^language\tde$/mu);
  assert.equal(jsonLines(await type('config', 'language=null', '--json'))[0].language, null);
  assert.match(await type('config', 'paused=true', 'numJobs=null'), /^numJobs\t1$[\s\S]*^paused\ttrue$/mu);
  assert.match(await type('config', 'paused=false'), /^paused\tfalse$/mu);
  const wrong = await phonograph(['config', 'colour=red'], { server: server.url });
  assert.deepEqual([wrong.exitCode, /There are mode, /u.test(wrong.stderr)], [64, true]);
  const absent = await phonograph(['config', 'mode=TURBO'], { server: server.url });
  assert.match(absent.stderr, /large-v3-turbo is not installed\. Download it with: phonograph models download/u);
  assert.match(await type('models'), /^base\tinstalled\t.*COMPACT/mu);
});

test('keys and backups are made beside a server that runs, and whoever reads may stop reading', async () => {
  await using harness = await openProcessHarness('speaks');
  const url = await harness.start().url;
  const env = harness.environment;
  const made = await phonograph(['backup', join(harness.directory, 'copy.db')], { env });
  assert.equal(made.exitCode, 0, made.stderr);
  assert.ok((await stat(join(harness.directory, 'copy.db'))).size > 0);
  const key = await phonograph(['keys', 'alice', '--role', 'user'], { env });
  const [token = '', setting = ''] = key.stdout.split('\n');
  assert.match(setting, /^alice:user:/u);
  const keyed = { ...plainEnvironment, PHONOGRAPH_URL: url, PHONOGRAPH_API_KEY: token };
  const { exitCode, stderr } = await phonograph(['logs'], { env: keyed });
  assert.equal(exitCode, 0, stderr);
  const pipe = `'${process.execPath}' '${main}' config --json | true; exit "\${PIPESTATUS[0]}"`;
  const cut = await execa('bash', ['-c', pipe], { env: keyed, extendEnv: false, reject: false });
  assert.deepEqual([cut.exitCode, cut.stderr], [0, '']);
});
