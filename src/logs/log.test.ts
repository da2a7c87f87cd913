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
  const store = stack.use(await openStore({ database: ':memory:' }));
  const path = join(directory, 'logs');
  const places = { store, folder: openLogFolder(path, 1_000_000), notifier: openNotifier() };
  const said: string[] = [];
  const logger = openLog('debug', {
    write: (text) => {
      said.push(text);
    },
  });
  const read = async () => {
    const files = await readdir(path);
    return (await Promise.all(files.toSorted().map((file) => readFile(join(path, file), 'utf8')))).join('');
  };
  const stored = async () => (await store.logs({}, { limit: 1000 })).map(({ item }) => item);
  const close = () => stack.disposeAsync();
  return { path, places, logger, said, read, stored, [Symbol.asyncDispose]: close };
}

test('every line stands on stdout, in its file and in the store, also what was said before there was a place', async () => {
  await using opened = await openPlaces();
  const { logger, places, said } = opened;
  logger.log.info('early');
  logger.attach(places);
  logger.log.warn({ job: 'job_1', ms: 12, text: 'It is slow.' }, 'slow');
  await logger.flush();
  assert.equal(await opened.read(), said.join(''));
  const [early, slow] = await opened.stored();
  assert.deepEqual([early?.event, early?.message, early?.level, early?.jobId], ['early', 'early', 'INFO', null]);
  assert.deepEqual([slow?.event, slow?.message, slow?.level, slow?.jobId], ['slow', 'It is slow.', 'WARN', 'job_1']);
  assert.deepEqual(slow?.fields, { ms: 12 });
});

test('who listens is told of the jobs of the lines when they can be read, without anybody flushing', async () => {
  await using opened = await openPlaces();
  const { logger, places } = opened;
  logger.attach(places);
  using subscription = subscribe(places.notifier, 'log');
  logger.log.info({ job: 'job_1' }, 'one');
  logger.log.info('two');
  assert.deepEqual([...(await subscription.changes(AbortSignal.timeout(60_000)))], ['job_1', '']);
  assert.equal((await opened.stored()).length, 2);
  await logger.flush();
});

test('files that cannot be written are told once, and the store has every line', async () => {
  await using opened = await openPlaces();
  const { logger, places, said } = opened;
  await writeFile(opened.path, 'no folder');
  for (let round = 0; round < 3; round += 1) {
    logger.attach(places);
    logger.log.info({ round }, 'round');
    await logger.flush();
  }
  await rm(opened.path);
  logger.attach(places);
  logger.log.info('room again');
  await logger.flush();
  const events = (await opened.stored()).map(({ event }) => event);
  assert.deepEqual(events, ['round', 'log not kept', 'round', 'round', 'room again']);
  assert.equal(said.length, 5);
  assert.equal(await opened.read(), said.at(-1));
});

test('after a flush nothing is written until there is a place again', async () => {
  await using opened = await openPlaces();
  const { logger, places } = opened;
  logger.attach(places);
  await logger.flush();
  logger.log.info('in between');
  await logger.flush();
  assert.deepEqual(await opened.stored(), []);
  logger.attach(places);
  await logger.flush();
  assert.deepEqual(
    (await opened.stored()).map(({ event }) => event),
    ['in between'],
  );
});
