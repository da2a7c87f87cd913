import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createClient as createSseClient } from 'graphql-sse';
import { line } from '#src/store/contract/log-store.ts';
import { WebSocket } from 'ws';
import { added, claimed, newBatch, quietly } from '#src/store/contract/samples.ts';
import { DatabaseAwayError } from '#src/errors.ts';
import { newCaller } from '#src/testing/caller.ts';
import { openHttpServer } from '#src/testing/http-server.ts';
import { wsClient } from '#src/testing/follow.ts';

type Server = Awaited<ReturnType<typeof openHttpServer>>;
type Headers = Readonly<Record<string, string>>;

/** Follows over a connection of its own, until the subscription ends. */
const transports = {
  async *WebSocket({ url }: Server, operation: Operation, headers: Headers = {}): AsyncGenerator<any> {
    const client = wsClient(url, headers);
    yield* client.iterate(operation);
    await client.dispose();
  },
  async *SSE({ url }: Server, operation: Operation, headers: Headers = {}): AsyncGenerator<any> {
    const client = createSseClient({ url: `${url}/graphql`, headers, retryAttempts: 0 });
    yield* client.iterate(operation);
    client.dispose();
  },
};

interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

const query = `subscription ($id: ID!, $after: SafeInt) {
  jobEvents(id: $id, after: $after) { seq job { title } ... on JobSegmentsAdded { segments { text } } }
}`;

/** Nobody is ended who answers late on a busy machine. */
const timeouts = { pingMs: 60_000, stallMs: 60_000 };

const completed = { kind: 'COMPLETED', processedSeconds: 100, ...quietly } as const;

/** The numbers of events from one to another, as whoever follows must have them. */
const numbers = (after: number, last: number) => Array.from({ length: last - after }, (_, index) => after + index + 1);

const lastOf = async ({ store }: Server, id: string) => (await store.job(id))?.lastEventSeq ?? 0;

test('a hundred who follow a job over WebSocket and SSE have each event read and executed once', async () => {
  const statements: string[] = [];
  const onQuery = ({ sql }: { readonly sql: string }) => {
    statements.push(sql);
  };
  await using server = await openHttpServer({ timeouts, onQuery });
  const { id } = await added(server.store);
  const { lease } = await claimed(server.store);
  const heard: number[] = [];
  const ready = Promise.withResolvers<void>();
  const following = Array.from({ length: 100 }, async (_, index) => {
    const follow = transports[index % 2 === 0 ? 'WebSocket' : 'SSE'];
    for await (const { data } of follow(server, { query, variables: { id, after: 1 } })) {
      if (heard.push(data.jobEvents.seq) === 100) ready.resolve();
    }
  });
  await ready.promise;
  assert.deepEqual([...new Set(heard)], [2], 'the job is WORKING');
  await nextTurn();
  statements.length = 0;
  await server.store.finish(lease, completed);
  await Promise.all(following);
  const last = await lastOf(server, id);
  assert.equal(heard.length, 100 * (last - 1), 'each has had all');
  const reads = statements.filter((sql) => /^select .* from "event"/u.test(sql));
  const executions = statements.filter((sql) => sql.includes('"job"."id" in ('));
  assert.equal(reads.length, 1, 'the event is read once');
  assert.equal(executions.length, 1, 'and executed once');
});

/** What else is shared, and the statement that tells of one execution, or of one reading. */
const watched = {
  'jobChanged(filter: { status: [QUEUED] }) { title attempts { number } }': / from "attempt" /u,
  jobDeleted: / from "deleted" .* limit/u,
  'logAdded(filter: { contains: "hello" }) { message }': / from "log" .* limit/u,
};

for (const [field, reading] of Object.entries(watched)) {
  test(`twenty who ask for ${field} have it read once`, async () => {
    const statements: string[] = [];
    const onQuery = ({ sql }: { readonly sql: string }) => {
      statements.push(sql);
    };
    await using server = await openHttpServer({ timeouts, onQuery });
    const change = async (name: string) => {
      await added(server.store, { title: name });
      await server.store.addLogs([line(`hello ${name}`)]);
      server.notifier.notify('log', '');
      if (field !== 'jobDeleted') return [name];
      const { id } = await added(server.store);
      await server.store.deleteJob(id);
      server.notifier.notify('jobDeleted', id);
      return [id];
    };
    const following = Array.from({ length: 20 }, (_, index) =>
      transports[index % 2 === 0 ? 'WebSocket' : 'SSE'](server, { query: `subscription { ${field} }` }),
    );
    const untilTold = (texts: readonly string[]) =>
      Promise.all(
        following.map(async (items) => {
          for (let item = ''; !texts.some((text) => item.includes(text));) {
            item = JSON.stringify((await items.next()).value);
          }
        }),
      );
    const stands = Promise.all(following.map((items) => items.next())).then(() => true);
    while (!(await Promise.race([stands, nextTurn(false)]))) await change('early');
    await untilTold(await change('before'));
    statements.length = 0;
    await untilTold(await change('after'));
    const readings = statements.filter((sql) => reading.test(sql));
    assert.ok(readings.length > 0 && readings.length <= 2, `${readings.length} readings`);
    await Promise.all(following.map((items) => items.return(undefined)));
  });
}

test('whoever comes at any time and from any place has its own past and then the present of all, without a gap and nothing twice', async () => {
  await using server = await openHttpServer({ timeouts });
  const { id } = await added(server.store);
  const { lease } = await claimed(server.store);
  const following: Promise<{ readonly after: number; readonly seqs: readonly number[] }>[] = [];
  const follow = async (transport: keyof typeof transports, after: number) => {
    const seqs: number[] = [];
    for await (const { data, errors } of transports[transport](server, { query, variables: { id, after } })) {
      assert.equal(errors, undefined);
      seqs.push(data.jobEvents.seq);
    }
    return { after, seqs };
  };
  for (let batch = 1; batch <= 80; batch += 1) {
    await server.store.appendBatch(lease, newBatch([`batch ${batch}`], batch / 81));
    if (batch % 2 === 0) {
      const after = (batch * 7) % (await lastOf(server, id));
      following.push(follow(batch % 4 === 0 ? 'WebSocket' : 'SSE', after));
    }
    // Some turns for those who connect: they come in the midst of what is told.
    for (let turns = 0; turns < batch % 5; turns += 1) await nextTurn();
  }
  await server.store.finish(lease, completed);
  const last = await lastOf(server, id);
  for (const { after, seqs } of await Promise.all(following)) assert.deepEqual(seqs, numbers(after, last));
});

test('one document with other variables, and another document, are told their own', async () => {
  await using server = await openHttpServer({ timeouts });
  const jobs = [await added(server.store, { title: 'one' }), await added(server.store, { title: 'two' })];
  const renamed = 'subscription ($id: ID!) { jobEvents(id: $id) { number: seq job { name: title } } }';
  const following = jobs.flatMap(({ id }) =>
    Object.values(transports).flatMap((follow) => [
      Array.fromAsync(follow(server, { query, variables: { id } })),
      Array.fromAsync(follow(server, { query: renamed, variables: { id } })),
    ]),
  );
  for (const { id } of jobs) await server.store.cancel(id);
  const told = (await Promise.all(following)).map((results) => results.map(({ data }) => data.jobEvents));
  for (const [index, { title }] of jobs.entries()) {
    const events = [1, 2].map((seq) => ({ seq, job: { title } }));
    const others = [1, 2].map((number) => ({ number, job: { name: title } }));
    assert.deepEqual(told.slice(4 * index, 4 * index + 4), [events, others, events, others]);
  }
});

test('a variable that says where to begin is told as it was given where it is asked for something else too', async () => {
  await using server = await openHttpServer({ timeouts });
  const { id } = await added(server.store);
  await server.store.cancel(id);
  const both = `subscription ($id: ID!, $after: SafeInt!) {
    jobEvents(id: $id, after: $after) { seq job { eventsUrl(after: $after) } }
  }`;
  const [one, other] = await Promise.all(
    [0, 1].map((after) => Array.fromAsync(transports.WebSocket(server, { query: both, variables: { id, after } }))),
  );
  assert.doesNotMatch(one?.at(-1)?.data.jobEvents.job.eventsUrl, /after/u);
  assert.match(other?.at(-1)?.data.jobEvents.job.eventsUrl, /after=1/u);
});

test('what one caller is told is shared with nobody else: not with another role, nor with another key of the same name', async () => {
  const [root, alice, aliceToo, bob] = [
    newCaller('root'),
    ...['alice', 'alice', 'bob'].map((name) => newCaller(name, 'USER')),
  ] as const;
  const everybody = [root, alice, aliceToo, bob].filter((caller) => caller !== undefined);
  await using server = await openHttpServer({ timeouts, server: { apiKeys: everybody.map(({ key }) => key) } });
  const watch = 'subscription { jobChanged { id owner transcriptUrl } }';
  for (const follow of Object.values(transports)) {
    const watching = everybody.map(({ headers }) => follow(server, { query: watch }, headers));
    const first = watching.map((items) => items.next());
    const heard = Promise.all(first).then(() => true);
    // A job of each a turn, until all subscriptions stand.
    while (!(await Promise.race([heard, nextTurn(false)]))) {
      for (const owner of ['alice', 'bob']) await added(server.store, { callerId: owner });
    }
    const told = await Promise.all(first.map(async (item) => (await item).value.data.jobChanged));
    const keyIds = told.map(({ transcriptUrl }) => new URL(transcriptUrl, server.url).searchParams.get('key'));
    assert.equal(new Set(keyIds).size, everybody.length, 'each has addresses that are signed for its own key');
    assert.deepEqual(
      told.slice(1).map(({ owner }) => owner),
      ['alice', 'alice', 'bob'],
    );
    await Promise.all(watching.map((items) => items.return(undefined)));
  }
});

test('who reads slowly among those who read fast holds nobody up, and has everything when it reads again', async () => {
  await using server = await openHttpServer({ timeouts });
  const { id } = await added(server.store);
  const { lease } = await claimed(server.store);
  const fast = transports.SSE(server, { query: long, variables: { id } });
  const slow = await Promise.all([openWebSocket(server, id), openWebSocket(server, id), openEventStream(server, id)]);
  for (const { socket } of slow) socket.pause();
  // More than the buffers of both sockets hold.
  for (let batch = 0; batch < 100; batch += 1) {
    await server.store.appendBatch(lease, newBatch(['x'.repeat(100_000)]));
    await nextTurn();
  }
  const newest = await lastOf(server, id);
  for await (const { data } of fast) if (data.jobEvents.seq === newest) break;
  for (const { seqs } of slow) assert.ok((seqs.at(-1) ?? 0) < newest, 'it does not read');
  for (const { socket } of slow) socket.resume();
  await server.store.finish(lease, completed);
  for (const { ended, seqs } of slow) {
    await ended;
    assert.deepEqual(seqs, numbers(0, await lastOf(server, id)));
  }
});

test('while the database is away those who follow hear nothing, and then everything', async (t) => {
  await using server = await openHttpServer({ timeouts });
  const { store } = server;
  const { id } = await added(store);
  const { lease } = await claimed(store);
  const following = Object.values(transports).map((follow) => follow(server, { query, variables: { id } }));
  for (const items of following) assert.equal((await items.next()).value.data.jobEvents.seq, 1);
  // Where events are read, and where more is asked about one.
  const away = (['events', 'jobsById'] as const).map((name) =>
    t.mock.method(store, name, () => Promise.reject(new DatabaseAwayError(null)), { times: 1 }),
  );
  await store.finish(lease, completed);
  for (const items of following) {
    const told = (await Array.fromAsync(items)).map(({ data }) => data?.jobEvents.seq);
    assert.deepEqual(told, numbers(1, await lastOf(server, id)));
  }
  assert.ok(away.every(({ mock }) => mock.callCount() === 1));
});

for (const [transport, follow] of Object.entries(transports)) {
  test(`all who follow a job over ${transport} hear that it was deleted, and may follow another after it`, async () => {
    await using server = await openHttpServer({ timeouts, server: { maxSubscriptionsPerCaller: 3 } });
    for (let round = 0; round < 3; round += 1) {
      const { id } = await added(server.store);
      const following = Array.from({ length: 3 }, () => follow(server, { query, variables: { id } }));
      const firsts = await Promise.all(following.map((items) => items.next()));
      for (const { value } of firsts) assert.equal(value.data.jobEvents.seq, 1);
      await server.store.deleteJob(id);
      for (const items of following) assert.match(await endOf(items), /There is no job with this id.*NOT_FOUND/u);
    }
  });
}

/** What an error says that ends a subscription: over WebSocket an error, in an event stream a last result. */
async function endOf(items: AsyncGenerator<any>): Promise<string> {
  try {
    const { value } = await items.next();
    assert.equal((await items.next()).done, true);
    return JSON.stringify(value);
  } catch (error) {
    return JSON.stringify(error);
  }
}

test('when a key is revoked, those who follow with it are ended, and those with another key of the same name go on', async () => {
  const root = newCaller('root');
  await using server = await openHttpServer({ timeouts, server: { apiKeys: [root.key] } });
  const newKey = () => server.keys.create({ name: 'alice', role: 'ADMIN', expiresAt: null });
  for (const follow of Object.values(transports)) {
    const { id } = await added(server.store);
    const [one, other] = [await newKey(), await newKey()];
    const [ends, goesOn]: readonly AsyncGenerator<any>[] = [one, other].map(({ token }) =>
      follow(server, { query, variables: { id } }, { authorization: `Bearer ${token}` }),
    );
    assert.equal((await ends?.next())?.value.data.jobEvents.seq, 1);
    assert.equal((await goesOn?.next())?.value.data.jobEvents.seq, 1);
    await assert.rejects(Promise.all([ends?.next(), server.keys.revoke(one.apiKey.id)]));
    await server.store.cancel(id);
    assert.equal((await goesOn?.next())?.value.data.jobEvents.seq, 2);
    assert.equal((await goesOn?.next())?.done, true);
  }
});

/** Follows by hand, to stop reading and to go on. */
const long = 'subscription ($id: ID!) { jobEvents(id: $id) { seq ... on JobSegmentsAdded { segments { text } } } }';

async function openWebSocket({ url }: Server, id: string) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const seqs: number[] = [];
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.on('message', (data: Buffer) => {
    const { type, payload } = JSON.parse(data.toString());
    if (type === 'next') seqs.push(payload.data.jobEvents.seq);
    else if (type === 'complete') resolve();
  });
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: long, variables: { id } } }));
  await once(socket, 'message');
  return { socket, seqs, ended: ended.then(() => socket.close()) };
}

async function openEventStream({ url }: Server, id: string) {
  const { host, hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const seqs: number[] = [];
  const address = `/graphql?query=${encodeURIComponent(long)}&variables=${encodeURIComponent(JSON.stringify({ id }))}`;
  socket.write(`GET ${address} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n`);
  createInterface({ input: socket }).on('line', (text) => {
    const seq = /"seq":(?<seq>\d+)/u.exec(text)?.groups?.['seq'];
    if (seq !== undefined) seqs.push(Number(seq));
    if (text === 'event: complete') resolve();
  });
  await once(socket, 'data');
  return { socket, seqs, ended };
}
