import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient } from 'graphql-sse';
import { line } from '#src/store/contract/log-store.ts';
import { openStore } from '#src/store/open.ts';
import { openCountingNotifier } from '#src/testing/counting-notifier.ts';
import { eventsOf, wsClient } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';
import { encodeCursor } from './connection.ts';
import { tailLogs } from './logs.ts';

interface Line {
  readonly id: string;
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly jobId: string | null;
}

const fields = 'id level event message jobId';
const tail = `subscription ($filter: LogFilter, $after: String) { logAdded(filter: $filter, after: $after) { ${fields} } }`;

const linesOf = async (server: TestServer, filter: object, more = 'first: 1000') => {
  const query = `query ($filter: LogFilter) { logs(filter: $filter, ${more}) { edges { cursor node { ${fields} } } } }`;
  const { data } = await server.ask(query, { filter });
  return (data.logs.edges as readonly { readonly node: Line }[]).map(({ node }) => node);
};

/** Lines of a tail over WebSocket or SSE, until one is as asked. */
async function follow(
  transport: 'WebSocket' | 'SSE',
  { url }: TestServer,
  variables: Record<string, unknown>,
  isLast: (line: Line) => boolean,
): Promise<readonly Line[]> {
  const client = transport === 'WebSocket' ? wsClient(url) : createClient({ url: `${url}/graphql`, retryAttempts: 0 });
  const seen: Line[] = [];
  for await (const { data, errors } of client.iterate<{ logAdded: Line }>({ query: tail, variables })) {
    if (!data) throw new Error(JSON.stringify(errors));
    seen.push(data.logAdded);
    if (isLast(data.logAdded)) break;
  }
  await client.dispose();
  return seen;
}

const endOf = (id: string) => (said: Line) => said.jobId === id && said.event === 'job ended';

for (const transport of ['WebSocket', 'SSE'] as const) {
  test(`over ${transport} a tail tells the stored lines after a cursor, then live ones, each once and in order`, async () => {
    await using server = await openTestServer();
    const before = await submit(server);
    await follow(transport, server, { after: encodeCursor('logs', '0') }, endOf(before));
    const stored = await linesOf(server, {});
    const after = stored[1]?.id ?? '';
    const following = follow(
      transport,
      server,
      { after },
      ({ event, jobId }) => event === 'job ended' && jobId !== before,
    );
    await submit(server);
    const seen = await following;
    const all = await linesOf(server, {});
    const end = all.findIndex(({ id }) => id === seen.at(-1)?.id);
    assert.ok(end > stored.length);
    assert.deepEqual(seen, all.slice(2, end + 1));
  });
}

test('a page without lines ends at a cursor as well, so that who then follows misses none', async () => {
  await using server = await openTestServer();
  const filter = { contains: 'job ended' };
  const page = (more: string) => `{ logs(filter: { contains: "job ended" }${more}) { pageInfo { endCursor } } }`;
  const { endCursor } = (await server.ask(page(''))).data.logs.pageInfo;
  const id = await submit(server);
  await eventsOf(server.url, id);
  const seen = await follow('WebSocket', server, { filter, after: endCursor }, endOf(id));
  assert.equal(seen.length, 1);
  const after = seen[0]?.id;
  assert.equal((await server.ask(page(`, after: "${after}"`))).data.logs.pageInfo.endCursor, after);
  const ofJob = `{ job(id: "${id}") { logs(after: "${after}") { pageInfo { endCursor } } } }`;
  assert.notEqual((await server.ask(ofJob)).data.job.logs.pageInfo.endCursor, null);
});

test('a tail goes on while the server is stopped and started again, from the last line that was seen', async () => {
  await using server = await openTestServer();
  const first = await follow(
    'WebSocket',
    server,
    { after: encodeCursor('logs', '0') },
    ({ event }) => event === 'engine ready',
  );
  await server.again();
  const after = first.at(-1)?.id ?? '';
  const rest = await follow('WebSocket', server, { after }, ({ event }) => event === 'engine ready');
  const all = await linesOf(server, {});
  assert.deepEqual([...first, ...rest], all.slice(0, first.length + rest.length));
});

test('a tail of one job, of a level and of a text tells these lines alone', async () => {
  await using server = await openTestServer({ engine: 'refuses' });
  const others = await submit(server);
  await eventsOf(server.url, others);
  const id = await submit(server);
  const start = encodeCursor('logs', '0');
  const ofJob = await follow('WebSocket', server, { after: start, filter: { jobId: id } }, endOf(id));
  assert.deepEqual(ofJob, await linesOf(server, { jobId: id }));
  const { data } = await server.ask(`{ job(id: "${id}") { logs { edges { node { ${fields} } } } } }`);
  assert.deepEqual(
    ofJob,
    data.job.logs.edges.map(({ node }: { node: Line }) => node),
  );
  const contains = 'OUTCOME failed';
  const ended = await follow('WebSocket', server, { after: start, filter: { contains, level: 'INFO' } }, endOf(id));
  assert.deepEqual(
    ended.map(({ jobId, event }) => [jobId, event]),
    [
      [others, 'job ended'],
      [id, 'job ended'],
    ],
  );
  assert.deepEqual(ended, await linesOf(server, { contains, level: 'INFO' }));
});

test('months, years, levels, jobs and texts choose lines, and what cannot be is BAD_USER_INPUT', async () => {
  await using server = await openTestServer();
  const id = await submit(server);
  await follow('WebSocket', server, { after: encodeCursor('logs', '0') }, endOf(id));
  const all = await linesOf(server, {});
  const now = new Date();
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth() + 1];
  assert.deepEqual(await linesOf(server, { year, month }), all);
  assert.deepEqual(await linesOf(server, { year }), all);
  assert.deepEqual(await linesOf(server, { year: null, month: null, level: null, jobId: null, contains: null }), all);
  assert.deepEqual(await linesOf(server, { level: 'DEBUG' }), all);
  for (const none of [
    { year: year - 1 },
    { year, month: (month % 12) + 1 },
    { jobId: '' },
    { jobId: 'job_none' },
    { contains: 'n0thing' },
  ]) {
    assert.deepEqual(await linesOf(server, none), [], JSON.stringify(none));
  }
  const { errors } = await server.ask('{ logs(first: 1001) { edges { cursor } } }');
  assert.equal(errors?.[0]?.extensions['code'], 'BAD_USER_INPUT');
  for (const filter of [{ month: 1 }, { year: 0 }, { year: 10_000 }, { year, month: 0 }, { year, month: 13 }]) {
    const asked = await server.ask('query ($filter: LogFilter) { logs(filter: $filter) { edges { cursor } } }', {
      filter,
    });
    assert.equal(asked.errors?.[0]?.extensions['code'], 'BAD_USER_INPUT', JSON.stringify(filter));
    await assert.rejects(
      follow('WebSocket', server, { filter }, () => true),
      /BAD_USER_INPUT/u,
    );
  }
  for (const after of [
    '',
    'garbage',
    encodeCursor('jobs', '1'),
    encodeCursor('logs', '999999'),
    encodeCursor('logs', 'x'),
  ]) {
    await assert.rejects(
      follow('SSE', server, { after }, () => true),
      /BAD_USER_INPUT/u,
      after,
    );
  }
});

test('the lines of a server stand in the file of the month in its data directory as well', async () => {
  await using server = await openTestServer();
  const id = await submit(server);
  await follow('WebSocket', server, { after: encodeCursor('logs', '0') }, endOf(id));
  await server.again();
  const folder = join(server.data, 'logs');
  const text = (await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))).join(
    '',
  );
  const events = text
    .trimEnd()
    .split('\n')
    .map((each) => JSON.parse(each).event as string);
  assert.deepEqual(events, server.logs.map(({ event }) => event).slice(0, events.length));
  assert.ok(events.includes('job ended'));
});

test('a tail that nobody reads looks no further, and one that is left is no longer listened for', async () => {
  const queries: string[] = [];
  const onQuery = ({ sql }: { readonly sql: string }) => {
    queries.push(sql);
  };
  await using store = await openStore({ database: ':memory:', onQuery });
  const notifier = openCountingNotifier();
  await store.addLogs(Array.from({ length: 1_000 }, (_, index) => line(`line ${index}`)));
  const entries = await tailLogs({ after: encodeCursor('logs', '0') }, { store, notifier });
  const messages: (string | undefined)[] = [];
  queries.length = 0;
  for (let count = 0; count < 150; count += 1) messages.push((await entries.next()).value?.message);
  assert.deepEqual(
    messages,
    Array.from({ length: 150 }, (_, index) => `line ${index}`),
  );
  assert.equal(queries.length, 2, 'a hundred lines at a time');
  await entries.return();
  assert.equal(notifier.listeners, 0);
  const waiting = await tailLogs({}, { store, notifier });
  const next = waiting.next();
  await store.addLogs([line('later')]);
  notifier.notify('log', '');
  assert.equal((await next).value?.message, 'later');
  const last = waiting.next();
  await waiting.return();
  assert.equal((await last).done, true);
  assert.equal(notifier.listeners, 0);
});
