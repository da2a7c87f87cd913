import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { Kysely, sql } from 'kysely';
import { first } from '#migrations/0001-first.ts';
import { clearedTranscripts } from '#migrations/0015-cleared-transcripts.ts';
import { edits } from '#migrations/0019-edits.ts';
import { migrationsFor } from '#migrations/index.ts';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '../../testing/temporary.ts';
import { added, claimed, eventsOf, newBatch, newJob, quietly } from '../contract/samples.ts';
import type { Page } from '../page.ts';
import { migrate } from '../sql/database/migrator.ts';
import { openDatabase } from './database.ts';
import { ImmediateSqliteDialect } from './dialect.ts';
import type { Tables } from '../sql/database/tables.ts';

const migrations = migrationsFor([]);

test('a migration that fails leaves nothing behind, and those before it stay', async () => {
  const database = await openDatabase(':memory:');
  await using db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(database) });
  const up = async (failing: typeof db): Promise<void> => {
    await sql`create table half (id integer)`.execute(failing);
    await sql`insert into nowhere values (1)`.execute(failing);
  };
  const broken = { ...migrations, '9998-good': { up: () => Promise.resolve() }, '9999-broken': { up } };
  const failure = { name: 'MigrationError', message: /9999-broken/ };
  const names = () => database.prepare('select name from migration order by name').pluck().all();
  await assert.rejects(migrate(db, broken), failure, 'a new database');
  assert.deepEqual(names(), []);
  await migrate(db, migrations);
  await assert.rejects(migrate(db, broken), failure);
  assert.deepEqual(names(), [...Object.keys(migrations), '9998-good']);
  assert.deepEqual(database.prepare("select 1 from sqlite_master where name = 'half'").all(), []);
  await migrate(db, { ...broken, '9999-broken': { up: () => Promise.resolve() } });
});

test('migrations are named in the order in which they run', () => {
  const names = Object.keys(migrations);
  assert.deepEqual(names, names.toSorted());
  for (const name of names) assert.match(name, /^\d{4}-[a-z0-9-]+$/);
});

test('jobs that were there before lists had an order, tags and names of their own are found as all others', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  await (async () => {
    const database = await openDatabase(file);
    await using db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(database) });
    await migrate(db, Object.fromEntries(Object.entries(migrations).slice(0, 1)));
    const at = 'with recursive at(n) as (select 0 union all select n + 1 from at where n < 599)';
    database.exec(
      `insert into media (id, name, path, stored, warnings) ${at} select 'media_' || n, 'Größe ' || n || '.wav', '/', 0, '[]' from at`,
    );
    const insert = database.prepare(
      `insert into job (id, status, title, tags, priority, options, media_id, created_at, queued_at, stage, fraction, processed_seconds,
         segment_count, crashes, begun, event_seq)
       ${at} select 'job_' || n, iif(n < 10, 'FAILED', 'QUEUED'), iif(n % 2, 'Odd', null), iif(n = 7, '["x","x","y"]', '[]'), 0, ?,
         'media_' || n, n / 3, n, 'QUEUED', 0, 0, 0, 0, 0, 1 from at`,
    );
    insert.run(JSON.stringify(newJob().options));
  })();
  await using store = await openStore({ database: file });
  const all = await store.jobs({}, { limit: 1000 });
  const createdAt = all.map(({ item }) => item.createdAt.getTime());
  assert.deepEqual([all.length, createdAt], [600, createdAt.toSorted((a, b) => b - a)]);
  const counts = [
    {},
    { status: ['FAILED'] },
    { titleContains: 'ODD' },
    { tag: 'x' },
    { mediaNameContains: 'grösse 59' },
  ] as const;
  assert.deepEqual(await Promise.all(counts.map((filter) => store.countJobs(filter))), [600, 10, 300, 1, 11]);
  const { id } = await added(store);
  assert.equal((await store.jobs({}, { limit: 1 }))[0]?.item.id, id);
});

test('jobs that were there before they had a time of their last change have that of their last event, and are found by it', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  await (async () => {
    const database = await openDatabase(file);
    await using db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(database) });
    await migrate(db, Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '0014')));
    const at = 'with recursive at(n) as (select 0 union all select n + 1 from at where n < 2499)';
    database.exec(
      `insert into media (id, name, root, path, warnings) ${at} select 'media_' || n, 'a.wav', '/', 'a.wav', '[]' from at`,
    );
    const insert = database.prepare(
      `insert into job (id, number, status, tags, priority, options, media_id, created_at, queued_at, finished_at, stage, fraction, processed_seconds,
         segment_count, crashes, begun, event_seq, language_code)
       ${at} select 'job_' || n, n * 1024, 'COMPLETED', '[]', 0, ?, 'media_' || n, n, n, 5000 + n, 'DONE', 1, 1, 0, 0, 1, 2, iif(n % 2, 'de', null) from at`,
    );
    insert.run(JSON.stringify(newJob().options));
    // The older a job, the later it changed; of the oldest ten no event is left.
    database.exec(
      `insert into event (job_id, seq, time, kind, data) ${at} select 'job_' || n, 2, 9999 - n, 'X', '{}' from at where n >= 10`,
    );
  })();
  await using store = await openStore({ database: file, now: () => 1 });
  const ids = async (page: Page) => (await store.jobs({}, page, 'UPDATED')).map(({ item }) => item.id);
  assert.deepEqual(await ids({ limit: 2 }), ['job_10', 'job_11']);
  assert.deepEqual(await ids({ limit: 2, last: true }), ['job_1', 'job_0']);
  assert.equal((await store.job('job_2499'))?.updatedAt.getTime(), 7500);
  assert.equal(await store.countJobs({ updatedAfter: new Date(7500) }), 2490);
  assert.equal(await store.countJobs({ language: 'de' }), 1250);
  assert.equal((await added(store)).updatedAt.getTime(), 9990, 'after all that were there, whatever the clock says');
});

test('log lines of an older database count as much as new ones', async () => {
  await using temporary = await openTemporary();
  const { directory, stack } = temporary;
  const file = join(directory, 'phonograph.db');
  const old = await openDatabase(file);
  const db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(old) });
  await migrate(db, { '0001-first': first });
  const insert = old.prepare('insert into log (time, level, event, message, fields) values (1, 20, ?, ?, ?)');
  const lines = [
    { message: 'Gruß', fields: { ms: 1 } },
    { message: 'plain', fields: null },
  ] as const;
  for (const { message, fields } of lines) insert.run('test', message, fields === null ? null : JSON.stringify(fields));
  await db.destroy();
  const store = stack.use(await openStore({ database: file }));
  const common = { time: new Date(1), level: 'INFO', event: 'test', jobId: null } as const;
  await store.addLogs(lines.map((each) => ({ ...common, ...each })));
  const reader = new Sqlite(file, { readonly: true });
  const totals = reader.prepare<[], number>('select total_bytes from log order by id').pluck().all();
  reader.close();
  const [one = 0, two = 0] = totals;
  assert.ok(one > 0 && two > one);
  assert.deepEqual(totals, [one, two, two + one, two + two]);
});

test('jobs of an older database whose channels were transcribed one by one have one speaker a channel', async () => {
  await using temporary = await openTemporary();
  const database = join(temporary.directory, 'phonograph.db');
  const { options } = newJob();
  const ids: string[] = [];
  await (async () => {
    await using store = await openStore({ database });
    for (const channels of ['MIX', 'SPLIT', 'SPLIT'] as const) {
      const { id } = await added(store, { options: { ...options, channels } });
      ids.push(id);
      const { lease } = await claimed(store);
      const media = { durationSeconds: 9, container: null, codec: null, sampleRate: 1, channels: ids.length };
      await store.saveMedia(lease, { ...media, warnings: [], tracks: [] });
      const { segments } = newBatch(Array.from({ length: 6000 }, () => 'said'));
      const spoken = segments.map((segment, at) => ({
        ...segment,
        speaker: channels === 'MIX' ? null : `${1 + (at % 2)}`,
      }));
      await store.appendBatch(lease, { ...newBatch([]), segments: spoken });
      await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    }
  })();
  const readSpeakers = async () => {
    await using store = await openStore({ database });
    const speakers = await store.speakersOf(ids);
    return speakers;
  };
  const before = await readSpeakers();
  assert.deepEqual(
    before.map((speakers) => speakers.map(({ key, speakingSeconds }) => `${key} ${speakingSeconds}`)),
    [[], ['1 3000', '2 3000'], ['1 3000', '2 3000', '3 0']],
  );
  await (async () => {
    const older = await openDatabase(database);
    for (const table of ['edit', 'edited', 'stale_edit', 'speaker']) older.exec(`drop table ${table}`);
    await using db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(older) });
    await edits.up(db);
    // What came after it.
    older.exec('alter table speaker add column merged_into text');
  })();
  assert.deepEqual(await readSpeakers(), before);
});

test('segments of an older database are named as all others', async () => {
  await using temporary = await openTemporary();
  const database = join(temporary.directory, 'phonograph.db');
  const ids: string[] = [];
  const readNames = async () => {
    await using store = await openStore({ database });
    const events = await Promise.all(ids.map((id) => eventsOf(store, id)));
    return events.map((all) =>
      all.flatMap((event) => (event.kind === 'SEGMENTS_ADDED' ? event.segments.map(({ id }) => id) : [])),
    );
  };
  await (async () => {
    await using store = await openStore({ database });
    // One that was begun anew within its only attempt and runs, one that was retried from its start and completed, one that never was.
    for (const act of ['restart', 'retry', 'none']) {
      const { id } = await added(store);
      ids.push(id);
      const { lease } = await claimed(store);
      await store.appendBatch(lease, newBatch(['once']));
      if (act === 'restart') {
        await store.clearTranscript(lease);
        await store.appendBatch(lease, newBatch(['again']));
        continue;
      }
      const completed = { kind: 'COMPLETED', processedSeconds: 1, ...quietly } as const;
      const failure = { code: 'ENGINE_CRASHED', message: 'It crashed.', retryable: true, hint: null } as const;
      if (act === 'retry') {
        await store.finish(lease, { kind: 'FAILED', failure, ...quietly });
        await store.retry(id, true, { limits: { maxQueued: 10, maxQueuedPerCaller: 10 } });
        const again = await claimed(store);
        await store.appendBatch(again.lease, newBatch(['again']));
        await store.finish(again.lease, completed);
      } else await store.finish(lease, completed);
    }
  })();
  const before = await readNames();
  assert.deepEqual(
    before,
    [['0:0', '1:0'], ['0:0', '1:0'], ['0:0']].map((names, at) => names.map((name) => `${ids[at]}:${name}`)),
  );
  await (async () => {
    const older = await openDatabase(database);
    older.exec('drop table cleared');
    await using db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(older) });
    await clearedTranscripts.up(db);
  })();
  assert.deepEqual(await readNames(), before);
});

test('jobs of an older database that wait keep the order in which callers took turns, and those that were begun go on first', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const turns = new Map([
    ['a', 3],
    ['c', 1],
  ]);
  const jobs = Array.from({ length: 2400 }, (_, at) => ({
    id: `job_${at}`,
    priority: at % 2,
    caller: at % 40 === 0 ? 'c' : at % 5 === 0 ? 'b' : at % 3 === 0 ? 'a' : 'd',
    begun: at % 97 === 0,
    settling: at % 41 === 0 ? 2 : at % 43 === 0 ? 1 : 0,
  }));
  await (async () => {
    const database = await openDatabase(file);
    await using db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(database) });
    await migrate(db, Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '0022')));
    const insert = database.prepare(
      `insert into job (id, number, status, tags, priority, options, media_id, api_key_id, created_at, queued_at, stage, fraction, processed_seconds,
         segment_count, crashes, begun, settling, event_seq)
       values (@id, @number, 'QUEUED', '[]', @priority, @options, 'media', @caller, @number, @number, 'QUEUED', 0, 0, 0, 0, @begun, @settling, 1)`,
    );
    database.exec(`insert into media (id, name, root, path, warnings) values ('media', 'a.wav', '/', 'a.wav', '[]')`);
    database.transaction(() => {
      for (const [number, job] of jobs.entries()) {
        insert.run({ ...job, begun: Number(job.begun), number, options: JSON.stringify({ mode: 'TURBO' }) });
      }
      const addTurn = database.prepare('insert into turn values (?, ?, ?)');
      for (const [caller, number] of turns) for (const priority of [0, 1]) addTurn.run(priority, caller, number);
    })();
  })();
  const expected = [1, 0].flatMap((priority) => {
    const level = jobs.filter((job) => job.priority === priority && job.settling === 0);
    const lines = Map.groupBy(
      level.filter(({ begun }) => !begun),
      ({ caller }) => caller,
    );
    const firstOf = (caller: string) => jobs.findIndex(({ id }) => id === lines.get(caller)?.[0]?.id);
    const turnOf = (caller: string) => turns.get(caller) ?? 0;
    const order = [...lines.keys()].toSorted((a, b) => turnOf(a) - turnOf(b) || firstOf(a) - firstOf(b));
    const rounds = Array.from({ length: level.length }, (_, round) =>
      order.flatMap((caller) => lines.get(caller)?.[round] ?? []),
    );
    return [...level.filter(({ begun }) => begun), ...rounds.flat()].map(({ id }) => id);
  });
  await using store = await openStore({ database: file });
  assert.deepEqual(
    await store.queuePositions(
      jobs
        .filter(({ settling }) => settling === 2)
        .map(({ id }) => id)
        .slice(0, 3),
    ),
    [null, null, null],
  );
  const reader = new Sqlite(file, { readonly: true });
  const order = reader.prepare('select id from job where place > 0 and settling = 0 order by place, arrival').pluck();
  assert.deepEqual(order.all(), expected);
  reader.close();
  for (const id of expected.slice(0, 40)) {
    assert.equal(await store.claim('test', { modes: ['COMPACT'] }), null);
    assert.equal((await store.claim('test', { modes: ['TURBO'] }))?.job.id, id);
  }
});
