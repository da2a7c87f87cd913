import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '#src/store/open.ts';
import { openNotifier, subscribe } from '../store/notifier.ts';
import { openLogFolder } from './files.ts';
import { openLog } from './log.ts';

/** A store, a folder and a notifier for lines, and the lines that stdout would have. */
async function openPlaces() {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-'));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true }));
  const journal = stack.use(await openStore({ database: ':memory:' }));
  const path = join(directory, 'logs');
  const places = { journal, folder: openLogFolder(path, 1_000_000), notifier: openNotifier() };
  const said: string[] = [];
  const outlet = openLog('debug', {
    write: (text) => {
      said.push(text);
    },
  });
  const read = async () => {
    const files = await readdir(path);
    return (await Promise.all(files.toSorted().map((file) => readFile(join(path, file), 'utf8')))).join('');
  };
  const stored = async () => (await journal.logs({}, { limit: 1000 })).map(({ item }) => item);
  const close = () => stack.disposeAsync();
  return { path, places, outlet, said, read, stored, [Symbol.asyncDispose]: close };
}

test('every line stands on stdout, in its file and in the journal, also what was said before there was a place', async () => {
  await using opened = await openPlaces();
  const { outlet, places, said } = opened;
  outlet.log.info('early');
  outlet.attach(places);
  outlet.log.warn({ job: 'job_1', ms: 12, text: 'It is slow.' }, 'slow');
  await outlet.flush();
  assert.equal(await opened.read(), said.join(''));
  const [early, slow] = await opened.stored();
  assert.deepEqual([early?.event, early?.message, early?.level, early?.jobId], ['early', 'early', 'INFO', null]);
  assert.deepEqual([slow?.event, slow?.message, slow?.level, slow?.jobId], ['slow', 'It is slow.', 'WARN', 'job_1']);
  assert.deepEqual(slow?.fields, { ms: 12 });
});

test('who listens is told of the jobs of the lines when they can be read, without anybody flushing', async () => {
  await using opened = await openPlaces();
  const { outlet, places } = opened;
  outlet.attach(places);
  using subscription = subscribe(places.notifier, 'log');
  outlet.log.info({ job: 'job_1' }, 'one');
  outlet.log.info('two');
  assert.deepEqual([...(await subscription.changes(AbortSignal.timeout(60_000)))], ['job_1', '']);
  assert.equal((await opened.stored()).length, 2);
  await outlet.flush();
});

test('files that cannot be written are told once, and the journal has every line', async () => {
  await using opened = await openPlaces();
  const { outlet, places, said } = opened;
  await writeFile(opened.path, 'no folder');
  for (let round = 0; round < 3; round += 1) {
    outlet.attach(places);
    outlet.log.info({ round }, 'round');
    await outlet.flush();
  }
  await rm(opened.path);
  outlet.attach(places);
  outlet.log.info('room again');
  await outlet.flush();
  const events = (await opened.stored()).map(({ event }) => event);
  assert.deepEqual(events, ['round', 'log not kept', 'round', 'round', 'room again']);
  assert.equal(said.length, 5);
  assert.equal(await opened.read(), said.at(-1));
});

test('after a flush nothing is written until there is a place again', async () => {
  await using opened = await openPlaces();
  const { outlet, places } = opened;
  outlet.attach(places);
  await outlet.flush();
  outlet.log.info('in between');
  await outlet.flush();
  assert.deepEqual(await opened.stored(), []);
  outlet.attach(places);
  await outlet.flush();
  assert.deepEqual(
    (await opened.stored()).map(({ event }) => event),
    ['in between'],
  );
});
