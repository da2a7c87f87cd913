import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { openStore } from '#src/store/open.ts';
import type { JobFilter } from '../../jobs/job-filter.ts';
import type { Job } from '../../jobs/job.ts';
import { openTemporary } from '../../testing/temporary.ts';
import { parseQuery } from '../../transcripts/search/query.ts';
import { added, claimed, newBatch, newJob, quietly } from '../contract/samples.ts';
import { openNotifier } from '../notifier.ts';
import type { Page } from '../page.ts';
import type { Statement } from '../options.ts';
import type { Store } from '../store.ts';

const pages: readonly Page[] = [
  { limit: 10 },
  { limit: 10, last: true },
  { limit: 10, after: '5' },
  { limit: 10, before: '5', last: true },
];
const updatedPages: readonly Page[] = [
  ...pages.slice(0, 2),
  { limit: 10, after: '5-5' },
  { limit: 10, before: '5-5', last: true },
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
  'jobs by owner': (store) => Promise.all(pages.map((page) => store.jobs({ owner: 'alice' }, page))),
  'jobs by tag': (store) => Promise.all(pages.map((page) => store.jobs({ tag: 'speech' }, page))),
  'jobs by language': (store) => Promise.all(pages.map((page) => store.jobs({ language: 'de' }, page))),
  'jobs that changed': (store, { id }) => {
    const filters: readonly JobFilter[] = [{}, { updatedAfter: from }, { tag: 'rare' }, { ids: [id] }];
    return Promise.all([
      ...pages.map((page) => store.jobs({ updatedAfter: from }, page)),
      ...filters.flatMap((filter) => updatedPages.map((page) => store.jobs(filter, page, 'UPDATED'))),
    ]);
  },
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
  'stored recordings': (store) => Promise.all(pages.map((page) => store.keptMedia(page))),
  'the queue': (store, { id }) => Promise.all([store.queuePositions([id, 'job_5']), store.queueCounts(), store.pace()]),
  segments: (store, { id }) => Promise.all(pages.map((page) => store.segments(id, page))),
  'pages of many jobs': (store, { id }) => {
    const asked = ['job_5', id].flatMap((jobId) => pages.map((page) => ({ jobId, page })));
    return Promise.all([store.segmentsOf(asked), store.logsOf(asked)]);
  },
  'events and attempts': (store, { id }) =>
    Promise.all([
      store.events(id, 5, 10),
      store.attempts(id),
      store.attemptsOf([id, 'job_5']),
      store.speakersOf([id, 'job_5']),
    ]),
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
    const place = await store.logCursor();
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
  const { job } = await store.addJob(newJob({ idempotencyKey: 'once', priority: 1, settling: true }), {
    maxQueued: 5,
    maxQueuedPerCaller: 5,
  });
  await store.logs({ owner: 'alice' }, { limit: 1 });
  await store.addJob(newJob({ url: 'https://example.org/a.wav' }));
  for (const { id: fetched } of await store.waitingDownloads()) {
    await store.claimDownload(fetched, 10_000);
    await store.beginDownload(fetched, { validator: null, name: 'a.wav' });
    await store.progressDownload(fetched, 0.5);
    await store.failDownload(fetched, { code: 'DOWNLOAD_FAILED', message: 'x', hint: null, retryable: true });
    await store.retry(fetched, false);
    await store.finishDownload(fetched, { bytes: 1, sha256: 'x' });
    await store.deleteJob(fetched);
  }
  const { id } = job;
  for (const settling of await store.settling()) await store.settle(settling.id, 1);
  const { lease } = await claimed(store);
  await store.renew(lease);
  await store.askForPlan(lease, {});
  const part = await store.claimPart('reader', { except: ['x'] });
  assert.ok(part);
  await store.appendToPart(part.lease, { batch: 1, segments: [], voices: [], checkpoint: null }, 1);
  await store.partBatches(part.lease.id, 0);
  await store.appendBatch(lease, newBatch(['one']));
  await store.finish(lease, { kind: 'CANCELLED', ...quietly });
  await store.editSegments(id, [{ index: 0, text: 'two', speaker: '1', startSeconds: 0.25 }], 1);
  await store.renameSpeaker(id, '1', 'Anna');
  await store.revertSegments(id, [0], null);
  const text = 'word '.repeat(5000);
  await store.editSegments(id, [{ index: 0, text }], null);
  await store.revertSegments(id, null, null);
  const webhook = await store.addWebhook({
    url: 'x',
    events: ['JOB_CANCELLED'],
    secret: 'x',
    owner: null,
    everyJob: true,
  });
  await store.retry(id, true);
  await store.cancel(id);
  for (const message of await store.dueMessages([], { perLane: 2, most: 5 })) {
    await store.noteAttempt(message.id, { kind: 'FAILED', status: null, problem: 'x', retryMs: null });
  }
  await store.nextDue();
  await store.addPing(webhook?.id ?? '');
  await store.deliveries(webhook?.id ?? '', 5);
  await store.trimDeliveries(new Date());
  await store.countOutbox();
  await store.reap(await store.expiredAttempts(0));
  await store.finishedBefore(new Date(), 5);
  await store.deleteJob(id);
  for (const place of [new Date(0), '5-job_5']) await store.deletedSince(place, 5);
  for (const place of [new Date(0), '5-5']) await store.changedSince(place, 5);
  await store.changeClock();
  await store.countChanged(new Date(0), 5);
  await store.secondsSince('alice', new Date());
  await store.finishDeletions();
  await store.indexOlder();
  const engine = { engine: '1', fasterWhisper: '1', ctranslate2: '1', model: '1' };
  await store.addJob(newJob({ reuse: { sha256: 'x', engine } }));
  checkPlans(queries, file);
});

test('a search in the jobs of a filter reads no whole job but those of what it finds', async () => {
  await using recorded = await record();
  const { store, queries } = recorded;
  for (let job = 0; job < 5; job += 1) await added(store);
  const { job, lease } = await claimed(store);
  await store.appendBatch(lease, newBatch(['one']));
  queries.length = 0;
  const found = await store.search(parseQuery('one'), { tag: 'speech' }, { limit: 10 });
  assert.deepEqual(
    found.map(({ item }) => item.job.id),
    [job.id],
  );
  const whole = queries.filter(({ sql }) => sql.includes('"job"."options"'));
  assert.deepEqual(
    whole.map(({ parameters }) => parameters),
    [[job.id]],
  );
});

test('a table that is read from end to end is told from one that is not', () => {
  for (const [step, sql, isAll] of [
    ['SCAN job', 'select * from job', true],
    ['SCAN job USING INDEX job_number', 'select * from job where title = ? limit ?', true],
    ['SCAN log', 'select id from log order by id limit ?', false],
    ['SEARCH job USING INDEX sqlite_autoindex_job_1 (id>?)', "select * from job where id > ''", true],
    ['SEARCH log USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)', 'select * from log where id > ? and id < ?', false],
    ['SEARCH log USING INTEGER PRIMARY KEY (rowid>?)', 'select * from log where id > ? limit ?', false],
    ['SEARCH log USING INDEX log_job (job_id=? AND rowid>?)', 'select * from log where job_id = ? and id > ?', false],
    ['SCAN job_count', 'select * from job_count', false],
  ] as const) {
    assert.equal(readsAll(step, sql), isAll, step);
  }
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
  readonly queries: Statement[];
  readonly file: string;
}

async function record(): Promise<Recorded> {
  const { directory, stack } = await openTemporary();
  const file = join(directory, 'phonograph.db');
  const queries: Statement[] = [];
  const notifier = openNotifier();
  const store = stack.use(
    await openStore({
      database: file,
      notifier,
      onQuery: (query) => {
        queries.push(query);
      },
    }),
  );
  return { store, job: await added(store), queries, file, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Tables with as many rows as there are statuses, settings, twenty webhooks of a caller, or jobs that were deleted, or corrected, within a minute. */
const small = new Set(['job_count', 'setting', 'deletion', 'stale_edit', 'search_older', 'webhook']);
const tables =
  /^(SCAN|SEARCH) (job|job_tag|job_language|job_updated|job_former|deleted|turn|media|attempt|segment|edit|edited|stale_edit|speaker|event|download|log|search_job|job_count|setting|deletion|search_older|webhook|delivery)\b/;
/** A range that is open on one side, without a value that anything must be equal to. */
const openRange = /\(\w+[<>]\?\)$/;

/** Whether a step reads a table to its end: a scan, or a search by nothing but where to begin, of which no limit takes only the first rows. */
function readsAll(step: string, sql: string): boolean {
  const [, kind, table = ''] = tables.exec(step) ?? [];
  if (kind === undefined || small.has(table)) return false;
  const isLimited = /\blimit \?/.test(sql);
  if (kind === 'SCAN') return !isLimited || /\bwhere\b/.test(sql);
  return openRange.test(step) && !isLimited;
}

/** Subqueries may be read whole: they hold one page. */
function checkPlans(queries: readonly Statement[], file: string): void {
  const statements = queries.filter(({ sql }) => /^(select|update|delete|insert)/.test(sql));
  assert.ok(statements.length > 0);
  for (const query of statements) {
    const steps = planOf(query, file);
    assert.deepEqual(
      steps.filter((step) => readsAll(step, query.sql)),
      [],
      query.sql,
    );
  }
}

function planOf({ sql, parameters }: Statement, file: string): readonly string[] {
  const db = new Sqlite(file, { readonly: true });
  try {
    const plan = db.prepare<unknown[], { readonly detail: string }>(`explain query plan ${sql}`);
    return plan.all(...parameters).map(({ detail }) => detail);
  } finally {
    db.close();
  }
}
