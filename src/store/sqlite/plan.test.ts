import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import type { CompiledQuery } from 'kysely';
import { openBell } from '../../bell.ts';
import type { Job } from '../../job.ts';
import type { JobFilter } from '../job-filter.ts';
import type { Page } from '../page.ts';
import type { Store } from '../port.ts';
import { parseQuery } from '../../search/query.ts';
import { added, claimed, newBatch, newJob, quietly } from '../contract/samples.ts';
import { openSqliteStore } from './open.ts';
import { openTemporary } from './temporary.ts';

const pages: readonly Page[] = [
  { limit: 10 },
  { limit: 10, last: true },
  { limit: 10, after: '5' },
  { limit: 10, before: '5', last: true },
];
const [from, until] = [new Date(0), new Date(5)];
const filtersByName: readonly JobFilter[] = [
  { titleContains: 'Address', mediaNameContains: '.wma' },
  { titleContains: 'dd' },
  { mediaNameContains: 'address' },
];

const lists: Readonly<Record<string, (store: Store, job: Job) => Promise<unknown>>> = {
  jobs: (store) => Promise.all(pages.map((page) => store.jobs({}, page))),
  'jobs by status': (store) => Promise.all(pages.map((page) => store.jobs({ status: ['FAILED'] }, page))),
  'jobs by statuses': (store) =>
    Promise.all(pages.map((page) => store.jobs({ status: ['FAILED', 'QUEUED', 'COMPLETED'] }, page))),
  'jobs by id': (store, { id }) => Promise.all(pages.map((page) => store.jobs({ ids: [id, 'job_5'] }, page))),
  'jobs by tag': (store) => Promise.all(pages.map((page) => store.jobs({ tag: 'speech' }, page))),
  'jobs by name': (store) =>
    Promise.all(filtersByName.flatMap((filter) => pages.map((page) => store.jobs(filter, page)))),
  'jobs of a time': (store) =>
    Promise.all(pages.map((page) => store.jobs({ createdAfter: from, createdBefore: new Date() }, page))),
  'jobs by everything': (store, { id, createdAt }) => {
    const filter = {
      ...filtersByName[0],
      tag: 'speech',
      status: ['QUEUED', 'FAILED'],
      createdAfter: createdAt,
    } as const;
    return Promise.all(pages.flatMap((page) => [store.jobs(filter, page), store.jobs({ ...filter, ids: [id] }, page)]));
  },
  'counted jobs': (store, { id }) =>
    Promise.all(
      [
        {},
        { status: ['FAILED', 'QUEUED'] },
        { ids: [id] },
        { tag: 'speech' },
        { createdAfter: from },
        ...filtersByName,
      ].map((filter) => store.countJobs(filter as JobFilter)),
    ),
  'one job and some': (store, { id }) => Promise.all([store.job(id), store.jobsById([id, 'job_5'])]),
  'stored recordings': (store) => Promise.all(pages.map((page) => store.storedMedia(page))),
  'the queue': (store, { id }) => Promise.all([store.queuePositions([id, 'job_5']), store.queueCounts(), store.pace()]),
  segments: (store, { id }) => Promise.all(pages.map((page) => store.segments(id, page))),
  'pages of many jobs': (store, { id }) => {
    const asked = ['job_5', id].flatMap((jobId) => pages.map((page) => ({ jobId, page })));
    return Promise.all([store.segmentsOf(asked), store.logsOf(asked)]);
  },
  'events and attempts': (store, { id }) =>
    Promise.all([store.events(id, 5, 10), store.attempts(id), store.attemptsOf([id, 'job_5'])]),
  'found segments': (store, { id }) =>
    Promise.all(
      [{}, { ids: [id] }, { status: ['FAILED' as const] }].map((filter) =>
        store.search(parseQuery('one'), filter, { limit: 10 }),
      ),
    ),
  'log lines': (store) => Promise.all(pages.map((page) => store.logs({}, page))),
  'log lines of a time': (store) => Promise.all(pages.map((page) => store.logs({ from, until, contains: 'x' }, page))),
  'warnings of a time': (store) => Promise.all(pages.map((page) => store.logs({ from, level: 'WARN' }, page))),
  'new log lines': async (store, { id }) => {
    const filters = [{}, { level: 'ERROR' }, { jobId: id }, { jobId: id, contains: 'x' }, { from }] as const;
    const place = await store.logPlace();
    return Promise.all(filters.map((filter) => store.logsSince(filter, place, 5)));
  },
  'old log lines': (store) => store.trimLogs({ from, maxBytes: 5 }),
  'log lines of a job': (store, { id }) => Promise.all(pages.map((page) => store.logs({ jobId: id, from }, page))),
};

for (const [name, list] of Object.entries(lists)) {
  test(`no statement for ${name} reads a table from end to end`, async () => {
    await using recorded = await record();
    const { store, job, queries, file } = recorded;
    queries.length = 0;
    await list(store, job);
    checkPlans(queries, file);
  });
}

test('no statement of a worker, a client or a start reads a table from end to end', async () => {
  await using recorded = await record();
  const { store, queries, file } = recorded;
  queries.length = 0;
  const { job } = await store.addJob(newJob({ idempotencyKey: 'once', priority: 1 }), 5);
  const { id } = job;
  const { lease } = await claimed(store);
  await store.renew(lease);
  await store.appendBatch(lease, newBatch(['one']));
  await store.finish(lease, { kind: 'CANCELLED', ...quietly });
  await store.retry(id, true);
  await store.cancel(id);
  await store.reap(await store.openAttempts());
  await store.finishedBefore(new Date(), 5);
  await store.deleteJob(id);
  await store.finishDeletions();
  await store.indexOlder();
  const engine = { engine: '1', fasterWhisper: '1', ctranslate2: '1', model: '1' };
  await store.addJob(newJob({ reuse: { sha256: 'x', engine } }));
  checkPlans(queries, file);
});

test('warnings of a time are found among the warnings alone', async () => {
  await using recorded = await record();
  const { store, queries, file } = recorded;
  queries.length = 0;
  await store.logs({ from, until, level: 'WARN' }, { limit: 10 });
  await store.logs({ from, until, level: 'ERROR' }, { limit: 10 });
  const plans = queries.flatMap((query) => planOf(query, file)).join('\n');
  assert.match(plans, /INDEX log_warn/);
  assert.match(plans, /INDEX log_error/);
});

interface Recorded extends AsyncDisposable {
  readonly store: Store;
  readonly job: Job;
  readonly queries: CompiledQuery[];
  readonly file: string;
}

async function record(): Promise<Recorded> {
  const { directory, stack } = await openTemporary();
  const file = join(directory, 'phonograph.db');
  const queries: CompiledQuery[] = [];
  const bell = openBell();
  const store = stack.use(
    await openSqliteStore({
      file,
      bell,
      onQuery: (query) => {
        queries.push(query);
      },
    }),
  );
  return { store, job: await added(store), queries, file, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Subqueries may be read whole: they hold one page. */
function checkPlans(queries: readonly CompiledQuery[], file: string): void {
  const statements = queries.filter(({ sql }) => /^(select|update|delete|insert)/.test(sql));
  assert.ok(statements.length > 0);
  for (const query of statements) {
    const scans = planOf(query, file).filter((step) =>
      /^SCAN (job|job_tag|job_count|turn|deletion|media|attempt|segment|event|log|setting|search_job|search_older)\b/.test(
        step,
      ),
    );
    assert.deepEqual(scans, [], query.sql);
  }
}

function planOf({ sql, parameters }: CompiledQuery, file: string): readonly string[] {
  const db = new Sqlite(file, { readonly: true });
  try {
    const plan = db.prepare<unknown[], { readonly detail: string }>(`explain query plan ${sql}`);
    return plan.all(...parameters).map(({ detail }) => detail);
  } finally {
    db.close();
  }
}
