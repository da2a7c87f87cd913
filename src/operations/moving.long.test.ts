import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { readConfig } from '#src/config/config.ts';
import { eventsOf, everythingOf, newJob } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';
import type { Store } from '#src/store/store.ts';
import { lockDataDirectory } from '#src/store/sqlite/lock.ts';
import { fillQueue, fillStore } from '#src/testing/full-store.ts';
import { openPostgres, postgresProgram, type TestPostgres } from '#src/testing/postgres.ts';
import { openTemporary, type Temporary } from '#src/testing/temporary.ts';
import { parseQuery } from '../transcripts/search/query.ts';
import { move, type MoveReport, type MoveRequest } from './moving.ts';

const root = join(import.meta.dirname, '../..');

describe('a move', { skip: postgresProgram.skip }, () => {
  const stack = new AsyncDisposableStack();
  let postgres: TestPostgres;
  let full: string;

  before(async () => {
    postgres = stack.use(await openPostgres());
    full = stack.use(await openTemporary()).directory;
    await fillDirectory(full);
  });

  after(() => stack.disposeAsync());

  /** A data directory with everything in it, the path of its database. */
  async function copyFull({ directory }: Temporary): Promise<string> {
    await cp(full, directory, { recursive: true });
    return join(directory, 'phonograph.db');
  }

  test('brings all that a store holds to PostgreSQL and back, with its recordings', async () => {
    await using temporary = await openTemporary();
    const { directory } = temporary;
    const [there, back] = [`${directory}/there`, `${directory}/back/phonograph.db`];
    const file = await copyFull(temporary);
    const url = await postgres.create();
    const settings = settingsOf(there);
    const left = await readAll(file);
    const gone = await run({ from: `sqlite:${file}`, to: url, settings });
    const returned = await run({ from: url, to: `sqlite:${back}`, settings });
    assert.deepEqual(returned.tables, gone.tables);
    assert.deepEqual(emptyTables(gone), ['stale_edit'], 'there is something of everything');
    const { recordings } = gone;
    assert.deepEqual(recordings, { recordings: 2, bytes: 18, missing: ['not-there'], damaged: ['damaged'] });
    const missing = returned.recordings?.missing.toSorted();
    assert.deepEqual(
      { ...returned.recordings, missing },
      { ...recordings, missing: ['damaged', 'not-there'], damaged: [] },
    );
    for (const folder of [join(there, 'media'), join(directory, 'back/media')]) {
      assert.deepEqual((await readdir(folder)).toSorted(), ['hashed', 'unhashed']);
      assert.equal(await readFile(join(folder, 'hashed'), 'utf8'), 'recording');
    }
    for (const database of [url, back]) assert.deepEqual(await readAll(database), left);
    assert.deepEqual(
      await readdir(join(directory, 'media')),
      ['damaged', 'hashed', 'unhashed'],
      'the source is as it was',
    );
  });

  test('goes on behind what was moved: no number, place or time is given twice', async () => {
    await using temporary = await openTemporary();
    const file = await copyFull(temporary);
    const url = await postgres.create();
    await run({ from: `sqlite:${file}`, to: url, settings: settingsOf(temporary.directory) });
    const told = [];
    for (const database of [file, url]) {
      // Its clock stands an hour behind that of the source.
      await using store = await openStore({ database, now: () => Date.now() - 3_600_000 });
      const cursor = await store.logCursor();
      const [newest] = await store.jobs({}, { limit: 1 }, 'UPDATED');
      const { job } = await store.addJob(newJob({ title: 'The next', callerId: 'alice' }));
      const position = await store.queuePositions([job.id]);
      await store.addLogs([
        { time: new Date(0), level: 'INFO', event: 'x', message: 'next', jobId: null, fields: null },
      ]);
      const { entries } = await store.logsSince({}, cursor, 5);
      const ping = await store.addPing((await store.webhooks())[0]?.id ?? '');
      const deliveries = await store.deliveries((await store.webhooks())[0]?.id ?? '', 50);
      assert.ok(newest !== undefined && job.updatedAt > newest.item.updatedAt);
      assert.equal(deliveries[0]?.id, ping?.id, 'the newest message comes first');
      told.push([cursor, entries.map(({ id, message }) => [id, message]), position, deliveries.length]);
    }
    assert.deepEqual(told[1], told[0]);
  });

  test('that is broken off goes on where it was, whenever that is, and nothing else uses what it has filled', async () => {
    await using temporary = await openTemporary();
    const file = await copyFull(temporary);
    const settings = settingsOf(`${temporary.directory}/there`);
    const [url, other] = [await postgres.create(), `sqlite:${temporary.directory}/whole/phonograph.db`];
    const whole = await run({ from: `sqlite:${file}`, to: other, settings });
    let [moved, breaks] = [null as MoveReport | null, 0];
    while (moved === null) {
      const stop = new AbortController();
      let steps = 0;
      const onProgress = () => (steps += 1) === 6 && stop.abort();
      moved = await move({ from: `sqlite:${file}`, to: url, settings, signal: stop.signal, onProgress }).catch(
        (error: unknown) => {
          if (!stop.signal.aborted) throw error;
          return null;
        },
      );
      if (moved === null) {
        breaks += 1;
        await assert.rejects(openStore({ database: url }), /is not whole: `phonograph migrate` was interrupted/u);
      }
      // The comparison at the end has no place to go on from.
      if (breaks === 5) break;
    }
    assert.equal(breaks, 5);
    assert.deepEqual((await run({ from: `sqlite:${file}`, to: url, settings })).tables, whole.tables);
  });

  test('that is killed goes on by the same command, which tells no password', async () => {
    await using temporary = await openTemporary();
    const file = join(temporary.directory, 'phonograph.db');
    await using store = await openStore({ database: file });
    await fillStore(store);
    const line = { time: new Date(), level: 'INFO', event: 'x', jobId: null, fields: null } as const;
    for (let at = 0; at < 10; at += 1) {
      await store.addLogs(Array.from({ length: 1000 }, (_, each) => ({ ...line, message: `line ${at} ${each}` })));
    }
    await store[Symbol.asyncDispose]();
    const url = await postgres.create();
    const env = {
      PATH: process.env['PATH'],
      PHONOGRAPH_DATABASE_URL: url.replace('//localhost', '//someone:open-sesame@localhost'),
      PHONOGRAPH_DATA_DIRECTORY: join(temporary.directory, 'there'),
    };
    const command = ['src/main.ts', 'migrate', '--from', `sqlite:${file}`];
    const options = { cwd: root, env, extendEnv: false, reject: false };
    const first = execa(process.execPath, command, options);
    const countLines = async () => {
      const [row] = await postgres.ask(url, 'select count(*) as lines from log').catch(() => []);
      return Number(row?.['lines'] ?? 0);
    };
    const ended = first.then(() => true);
    while ((await countLines()) === 0 && !(await Promise.race([ended, sleep(1, false)])));
    first.kill('SIGKILL');
    const { signal, stderr } = await first;
    assert.equal(signal, 'SIGKILL', stderr);
    const copied = await countLines();
    assert.ok(copied > 0 && copied < 10_000, `it was killed after ${copied} lines`);
    const second = await execa(process.execPath, command, options);
    assert.equal(second.exitCode, 0, second.stderr);
    assert.match(second.stdout, /^log +100\d\d  [0-9a-f]{64}$/mu);
    assert.match(second.stdout, /postgresql:\/\/localhost(?::\d+)?\/test_\d+ holds what .*phonograph\.db holds\.\n?$/u);
    for (const told of [await first, second]) assert.doesNotMatch(told.stdout + told.stderr, /open-sesame/u);
  });

  test('is refused where a side cannot be used, and touches nothing then', async () => {
    await using temporary = await openTemporary();
    const { directory } = temporary;
    const file = await copyFull(temporary);
    const [from, settings] = [`sqlite:${file}`, settingsOf(directory)];
    const url = await postgres.create();
    const refused = (request: Partial<MoveRequest>, message: RegExp) =>
      assert.rejects(run({ from, to: url, settings, ...request }), message);
    await refused({ to: from }, /name the same database/u);
    await refused({ to: undefined }, /--to is missing/u);
    await refused({ to: 'postgresql://a:secret@host' }, /^InvalidInputError: --to must be sqlite:PATH(?!.*secret)/u);
    await refused({ from: `sqlite:${directory}/none.db` }, /There is no database/u);
    await refused(
      { to: 'postgresql://nobody:secret@127.0.0.1:1/x' },
      /postgresql:\/\/127\.0\.0\.1:1\/x cannot be used/u,
    );
    const lock = await lockDataDirectory(directory);
    await refused({}, /Another server works on/u);
    lock[Symbol.dispose]();
    await using store = await openStore({ database: url });
    await refused({}, /Servers, workers or another move use postgresql:.*has \d connections/u);
    await store.seeWorker(worker);
    await store[Symbol.asyncDispose]();
    await refused({}, /The worker gpu-1 was heard of \d+ s ago/u);
    await postgres.ask(url, 'update worker set seen_at = 0');
    await writeFile(join(directory, 'media/hashed'), 'recordinG');
    await run({ from, to: url, settings });
    await refused({}, /holds data already \(media\)/u);
  });

  test('does not go on where the source was used meanwhile', async () => {
    await using temporary = await openTemporary();
    const file = await copyFull(temporary);
    const [url, settings] = [await postgres.create(), settingsOf(temporary.directory)];
    const stop = new AbortController();
    const request = { from: `sqlite:${file}`, to: url, settings, signal: stop.signal, onProgress: () => stop.abort() };
    await assert.rejects(move(request), { name: 'AbortError' });
    await using store = await openStore({ database: file });
    await store.addLogs([{ time: new Date(), level: 'INFO', event: 'x', message: 'x', jobId: null, fields: null }]);
    await store[Symbol.asyncDispose]();
    await assert.rejects(run(request), /or .*phonograph\.db has been used since this one began/u);
  });
});

const worker = {
  id: 'w',
  name: 'gpu-1',
  version: '1',
  slots: 1,
  devices: [],
  models: [],
  engine: null,
  classes: [],
} satisfies Parameters<Store['seeWorker']>[0];

function settingsOf(dataDirectory: string) {
  return { ...readConfig(root, {}).server, dataDirectory };
}

function run(request: Pick<MoveRequest, 'from' | 'to' | 'settings'>): Promise<MoveReport> {
  return move({ onProgress: () => undefined, ...request, signal: new AbortController().signal });
}

async function fillDirectory(directory: string): Promise<void> {
  const database = join(directory, 'phonograph.db');
  await mkdir(join(directory, 'media'));
  await using store = await openStore({ database });
  await fillStore(store);
  await fillQueue(store);
  const sha256 = createHash('sha256').update('recording').digest('hex');
  for (const [kept, hash] of [
    ['hashed', sha256],
    ['unhashed', null],
    ['damaged', sha256],
    ['not-there', sha256],
  ] as const) {
    await store.addJob(newJob({ media: { name: `${kept}.wav`, key: { kept }, bytes: 9, sha256: hash } }));
    if (kept !== 'not-there')
      await writeFile(join(directory, 'media', kept), kept === 'damaged' ? 'recordinG' : 'recording');
  }
}

/** What a store tells of everything. */
async function readAll(database: string): Promise<unknown> {
  await using store = await openStore({ database });
  while ((await store.indexOlder()) !== null) continue;
  const jobs = (await store.jobs({}, { limit: 1000 })).map(({ item }) => item.id);
  const texts = [
    'shuttle',
    'rockets',
    'space',
    'dampfschiff',
    '東京',
    '天',
    'kapitän',
    'fish',
    'посл*',
    'good -houston',
  ];
  const searches = texts.map((text) => store.search(parseQuery(text), {}, { limit: 100 }));
  return {
    jobs: await Promise.all(jobs.map((id) => everythingOf(store, id))),
    events: await Promise.all(jobs.map((id) => eventsOf(store, id))),
    counts: await store.queueCounts(),
    positions: await store.queuePositions(jobs),
    found: await Promise.all(searches),
    settings: await store.settings(),
    secret: await store.kept('urlSecret'),
    logs: await store.logs({}, { limit: 1000 }),
    keys: await store.apiKeys(),
    webhooks: await Promise.all((await store.webhooks()).map(({ id }) => store.deliveries(id, 100))),
    due: await store.dueMessages([], { perLane: 10, most: 10 }),
    downloads: await store.waitingDownloads(),
    seconds: await store.secondsSince('alice', new Date(0)),
    deleted: await store.deletedSince(new Date(0), 10),
    changed: await store.changedSince(new Date(0), 1000),
    open: await store.expiredAttempts(0),
  };
}

function emptyTables({ tables }: MoveReport): readonly string[] {
  return tables.filter(({ rows }) => rows === 0).map(({ name }) => name);
}
