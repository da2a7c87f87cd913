import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgres, postgresProgram } from '../postgres.ts';
import { isReady, openTestServer, readyTells, submit } from '../server.ts';

test(
  'a server on PostgreSQL runs jobs, tells that its database is away, and goes on when it is back',
  { skip: postgresProgram.skip },
  async () => {
    await using postgres = await openPostgres();
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
  },
);

async function completed(server: Awaited<ReturnType<typeof openTestServer>>, id: string): Promise<void> {
  for (;;) {
    const { data } = await server.ask('query ($id: ID!) { job(id: $id) { status } }', { id });
    if (data.job.status === 'COMPLETED') return;
    assert.ok(['QUEUED', 'WORKING'].includes(data.job.status), data.job.status);
    await sleep(20);
  }
}
