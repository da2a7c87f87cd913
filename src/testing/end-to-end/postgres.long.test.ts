import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { newCaller } from '../caller.ts';
import { wsClient } from '../follow.ts';
import { openPostgres, postgresProgram, type TestPostgres } from '../postgres.ts';
import { isReady, openTestServer, readyTells, submit, type TestServer } from '../server.ts';

describe('servers on PostgreSQL', { skip: postgresProgram.skip }, () => {
  let postgres: TestPostgres;

  before(async () => {
    postgres = await openPostgres();
  });

  after(() => postgres[Symbol.asyncDispose]());

  it('tell of a change that another node writes before a later one, and that is seen after it', async () => {
    await using stack = new AsyncDisposableStack();
    const databaseUrl = await postgres.create();
    const server = stack.use(await openTestServer({ server: { databaseUrl } }));
    await readyTells(server, isReady);
    const jobs = [await submit(server), await submit(server)] as const;
    for (const id of jobs) await completed(server, id);
    const [one, other] = jobs;
    const rename = (id: string, title: string) =>
      server.ask('mutation ($id: ID!, $input: UpdateJobInput!) { updateJob(id: $id, input: $input) { __typename } }', {
        id,
        input: { title },
      });
    const client = wsClient(server.url);
    stack.defer(() => client.dispose());
    const told = client.iterate<{ jobChanged: { title: string } }>({ query: 'subscription { jobChanged { title } }' });
    const untilTold = async (title: string) => {
      for (;;) {
        const { value } = await told.next();
        assert.ok(value?.data, JSON.stringify(value));
        if (value.data.jobChanged.title === title) return;
      }
    };
    const first = untilTold('first').then(() => true);
    while (!(await Promise.race([first, sleep(50, false)]))) await rename(other, 'first');
    const node = new Client({ connectionString: databaseUrl, application_name: 'phonograph' });
    await node.connect();
    stack.defer(() => node.end());
    await node.query('begin');
    await node.query(
      `update job set title = 'before it', updated_at = floor(extract(epoch from clock_timestamp()) * 1000) where id = $1`,
      [one],
    );
    await rename(other, 'after it');
    await untilTold('after it');
    await node.query('commit');
    await untilTold('before it');
  });

  it('run jobs, tell that their database is away, and go on when it is back', async () => {
    const databaseUrl = await postgres.create();
    await using server = await openTestServer({ server: { databaseUrl } });
    await readyTells(server, isReady);
    const first = await submit(server);
    await completed(server, first);
    await postgres.kill();
    const { problems } = await readyTells(server, ({ status }) => status !== 'READY');
    assert.deepEqual(problems, ['The database does not answer.']);
    const { errors } = await server.ask('{ jobs { totalCount } }');
    assert.equal(errors?.[0]?.extensions['code'], 'SERVICE_UNAVAILABLE');
    await postgres.start();
    await readyTells(server, isReady);
    await completed(server, await submit(server));
    await completed(server, first);
    assert.ok(!server.logs.some((line) => JSON.stringify(line).includes(databaseUrl)));
  });

  it('count together what a caller asks for in a minute, and what is followed at a time', async () => {
    const databaseUrl = await postgres.create();
    const [alice, root] = [newCaller('alice', 'USER'), newCaller('root')];
    const limits = { apiKeys: [alice.key, root.key], maxRequestsPerMinute: 40, maxSubscriptionsPerCaller: 1 };
    await using one = await openTestServer({ server: { databaseUrl, ...limits } });
    await using other = await openTestServer({ server: { databaseUrl, ...limits } });
    const both = Array.from({ length: 30 }, () => [one, other]).flat();
    const answers = await Promise.all(
      both.map(async ({ url }) => {
        const response = await fetch(`${url}/graphql?query={server{id}}`, { headers: alice.headers });
        await response.text();
        return { status: response.status, waitSeconds: Number(response.headers.get('retry-after')) };
      }),
    );
    const served = answers.filter(({ status }) => status === 200).length;
    assert.equal(served, 40, 'each asks until nothing is left');
    for (const { waitSeconds } of answers.filter(({ status }) => status === 429))
      assert.ok(waitSeconds > 0 && waitSeconds <= 60);
    const ending = new AbortController();
    const first = await follow(one, root.headers, ending.signal);
    assert.equal(first.status, 200);
    while ((await followBriefly(other, root.headers)) === 200) await sleep(20);
    ending.abort();
    while ((await followBriefly(other, root.headers)) !== 200) await sleep(20);
  });
});

type Headers = Readonly<Record<string, string>>;

function follow({ url }: TestServer, headers: Headers, signal: AbortSignal): Promise<Response> {
  const query = encodeURIComponent('subscription { serverStatus { status } }');
  return fetch(`${url}/graphql?query=${query}`, { headers: { accept: 'text/event-stream', ...headers }, signal });
}

/** What one that follows, and ends at once, is answered with. */
async function followBriefly(server: TestServer, headers: Headers): Promise<number> {
  const ending = new AbortController();
  const response = await follow(server, headers, ending.signal);
  const isRefused = response.status !== 200 || (await firstOf(response)).includes('TOO_MANY_REQUESTS');
  ending.abort();
  return isRefused ? 429 : 200;
}

async function firstOf(response: Response): Promise<string> {
  const { value } = (await response.body?.getReader().read()) ?? {};
  return Buffer.from(value ?? []).toString();
}

async function completed(server: TestServer, id: string): Promise<void> {
  for (;;) {
    const { data } = await server.ask('query ($id: ID!) { job(id: $id) { status } }', { id });
    if (data.job.status === 'COMPLETED') return;
    assert.ok(['QUEUED', 'WORKING'].includes(data.job.status), data.job.status);
    await sleep(20);
  }
}
