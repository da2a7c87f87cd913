import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newCaller } from '#src/testing/caller.ts';
import { wsClient } from '#src/testing/follow.ts';
import { roleTable } from '#src/testing/role-table.ts';
import { ask, openTestServer, type TestServer } from '#src/testing/server.ts';

const [alice, bob] = [newCaller('alice', 'USER'), newCaller('bob', 'USER')];
const [rita, root] = [newCaller('rita', 'READER'), newCaller('root', 'ADMIN')];
type Caller = typeof alice;

let server: TestServer;
before(async () => {
  const apiKeys = [alice, bob, rita, root].map(({ key }) => key);
  server = await openTestServer({ server: { apiKeys, usersMayReadMediaRoots: true } });
});
after(() => server[Symbol.asyncDispose]());

async function told(caller: Caller, query: string, variables = {}) {
  return ask(server.url, JSON.stringify({ query, variables }), caller.headers);
}

async function submitAs(caller: Caller, input: object = {}): Promise<string> {
  const query = `mutation ($input: TranscribeInput!) {
    transcribe(input: $input) { __typename ... on TranscribeSuccess { job { id } } ... on Error { message } }
  }`;
  const { data } = await told(caller, query, { input: { media: { path: 'speech.wav' }, ...input } });
  return data.transcribe.job.id;
}

async function untilStatus(id: string, status: string): Promise<void> {
  while ((await told(root, `{ job(id: "${id}") { status } }`)).data.job.status !== status) await sleep(20);
}

/** What comes of a subscription until `done` says that it is enough. */
async function heard(caller: Caller, query: string, act: () => Promise<unknown>, enough: (text: string) => boolean) {
  const client = wsClient(server.url, caller.headers);
  const items: string[] = [];
  const stream = client.iterate({ query });
  // The subscription stands when a query that was sent after it is answered, and a moment more.
  const reading = (async () => {
    for await (const item of stream) {
      items.push(JSON.stringify(item));
      if (enough(items.join('\n'))) break;
    }
  })();
  await Array.fromAsync(client.iterate({ query: '{ viewer { name } }' }));
  await sleep(100);
  await act();
  await reading;
  await client.dispose();
  return items.join('\n');
}

/** For each cell "own": asks about a job, and answers with all that was told. */
const asking: Readonly<Record<string, (caller: Caller, id: string) => Promise<string>>> = {
  'Query.job': async (caller, id) => JSON.stringify(await told(caller, `{ job(id: "${id}") { id } }`)),
  'Query.node': async (caller, id) => JSON.stringify(await told(caller, `{ node(id: "${id}") { id } }`)),
  'Query.jobs': async (caller) =>
    JSON.stringify(await told(caller, '{ jobs(first: 100) { totalCount edges { node { id } } } }')),
  'Query.search': async (caller) =>
    JSON.stringify(await told(caller, '{ search(query: "one", first: 100) { edges { node { job { id } } } } }')),
  'Query.logs': async (caller) =>
    JSON.stringify(await told(caller, '{ logs(first: 1000) { edges { node { jobId message } } } }')),
  '/jobs/ID/events': async (caller, id) => fileOf(caller, `/jobs/${id}/events`, id),
  '/jobs/ID/media': async (caller, id) => fileOf(caller, `/jobs/${id}/media`, id),
  '/jobs/ID/transcript.EXT': async (caller, id) => fileOf(caller, `/jobs/${id}/transcript.txt`, id),
  'Subscription.jobEvents': async (caller, id) => {
    const client = wsClient(server.url, caller.headers);
    const query = `subscription { jobEvents(id: "${id}") { job { id } } }`;
    // What is not there is told as an error.
    const items = await Array.fromAsync(client.iterate({ query })).catch((error: unknown) => error);
    await client.dispose();
    return JSON.stringify(items);
  },
};

async function fileOf(caller: Caller, path: string, id: string): Promise<string> {
  const response = await fetch(server.url + path, { headers: caller.headers });
  await response.arrayBuffer();
  return response.status === 200 ? `had ${id}` : '';
}

test('what is asked for by a USER is told of own jobs alone, and to others of every job', async () => {
  const [mine, other] = [await submitAs(alice, { title: 'mine' }), await submitAs(bob, { title: 'other' })];
  for (const id of [mine, other]) await untilStatus(id, 'COMPLETED');
  // Log lines are written a moment later.
  await sleep(300);
  for (const [place, see] of Object.entries(asking)) {
    assert.equal(roleTable[place]?.USER, 'own', place);
    assert.ok((await see(alice, mine)).includes(mine), `${place}: alice sees her own`);
    assert.ok(!(await see(alice, other)).includes(other), `${place}: alice does not see bob's`);
    for (const caller of [rita, root]) {
      assert.ok((await see(caller, mine)).includes(mine), `${place}: ${caller.key.name} sees alice's`);
      assert.ok((await see(caller, other)).includes(other), `${place}: ${caller.key.name} sees bob's`);
    }
  }
});

/** What may be done to a job, and what it must be for it. */
const acts: Readonly<Record<string, (id: string) => string>> = {
  'Mutation.updateJob': (id) => `updateJob(id: "${id}", input: { title: "changed" })`,
  'Mutation.cancel': (id) => `cancel(id: "${id}")`,
  'Mutation.editSegments': (id) => `editSegments(jobId: "${id}", edits: [])`,
  'Mutation.revertSegments': (id) => `revertSegments(jobId: "${id}")`,
  'Mutation.renameSpeaker': (id) => `renameSpeaker(jobId: "${id}", key: "1", name: "changed")`,
  'Mutation.mergeSpeakers': (id) => `mergeSpeakers(jobId: "${id}", keys: ["1"], into: "2")`,
  'Mutation.detectSpeakers': (id) => `detectSpeakers(jobId: "${id}")`,
  'Mutation.retry': (id) => `retry(id: "${id}")`,
  'Mutation.deleteJob': (id) => `deleteJob(id: "${id}")`,
};

test('what a USER does to the job of another is answered as if there were none, and changes nothing', async () => {
  await told(root, 'mutation { pauseQueue { id } }');
  const id = await submitAs(alice);
  for (const [place, act] of Object.entries(acts)) {
    assert.equal(roleTable[place]?.USER, 'own', place);
    const query = `mutation { ${act(id)} { __typename ... on Error { message } } }`;
    const unknown = query.replace(id, 'job_unknown');
    const asItWas = await told(root, `{ job(id: "${id}") { status title lastEventSeq } }`);
    const refused = (await told(bob, query)).data;
    assert.deepEqual(refused, (await told(bob, unknown)).data, place);
    assert.match(JSON.stringify(refused), /JobNotFoundError/u);
    assert.deepEqual(await told(root, `{ job(id: "${id}") { status title lastEventSeq } }`), asItWas);
    // Nobody speaks in it who could be named or told apart.
    const allowed = /Speakers?$/u.test(place) ? /InvalidInputError|JobStatusError/u : /Success/u;
    assert.match(JSON.stringify((await told(alice, query)).data), allowed, `${place}: the owner may`);
  }
  await told(root, 'mutation { resumeQueue { id } }');
});

/** Tried in webhooks.test.ts. */
const ofWebhooks = ['Query.webhooks', 'Mutation.deleteWebhook', 'Mutation.testWebhook'];

test('a USER who follows changes, deletions or the log hears of own jobs alone', async () => {
  const watched = {
    'Subscription.jobChanged': 'subscription { jobChanged { id } }',
    'Subscription.logAdded': 'subscription { logAdded { jobId message } }',
    'Subscription.jobDeleted': 'subscription { jobDeleted }',
  };
  for (const [place, query] of Object.entries(watched)) {
    assert.equal(roleTable[place]?.USER, 'own', place);
    let [mine, other] = ['', ''];
    const act = async () => {
      other = await submitAs(bob);
      mine = await submitAs(alice);
      for (const id of [other, mine]) await untilStatus(id, 'COMPLETED');
      if (place !== 'Subscription.jobDeleted') return;
      await told(bob, `mutation { deleteJob(id: "${other}") { __typename } }`);
      await told(alice, `mutation { deleteJob(id: "${mine}") { __typename } }`);
    };
    const text = await heard(alice, query, act, (all) => mine !== '' && all.includes(mine));
    assert.ok(!text.includes(other), place);
  }
  const covered = [...Object.keys(asking), ...Object.keys(acts), ...Object.keys(watched), ...ofWebhooks];
  const own = Object.entries(roleTable).flatMap(([place, { USER }]) => (USER === 'own' ? [place] : []));
  assert.deepEqual(covered.toSorted(), own.toSorted(), 'every cell "own" is tried');
});

test('counts, filters, idempotency keys and reuse are of one caller', async () => {
  const count = async (caller: Caller, filter = '{}') =>
    (await told(caller, `{ jobs(filter: ${filter}) { totalCount } }`)).data.jobs.totalCount;
  const all = await count(root);
  assert.equal((await count(alice)) + (await count(bob)), all);
  assert.equal(await count(alice, '{ owner: "bob" }'), 0);
  assert.equal(await count(alice, '{ owner: "alice" }'), await count(alice));
  assert.equal(await count(rita, '{ owner: "bob" }'), await count(bob));
  const first = await submitAs(alice, { idempotencyKey: 'order 7' });
  assert.notEqual(await submitAs(bob, { idempotencyKey: 'order 7' }), first);
  assert.equal(await submitAs(alice, { idempotencyKey: 'order 7' }), first);
  await untilStatus(first, 'COMPLETED');
  assert.notEqual(await submitAs(bob, { reuse: true }), first);
});

test('a USER is not told which machine worked, gives no high priority, and reads media roots where that is allowed', async () => {
  const id = await submitAs(alice);
  await untilStatus(id, 'COMPLETED');
  const worker = async (caller: Caller) =>
    (await told(caller, `{ job(id: "${id}") { attempts { worker } } }`)).data.job.attempts[0].worker;
  assert.equal(await worker(alice), null);
  assert.equal(typeof (await worker(rita)), 'string');
  const submit = `mutation ($input: TranscribeInput!) {
    transcribe(input: $input) { __typename ... on InvalidInputError { field } }
  }`;
  const urgent = { media: { path: 'speech.wav' }, priority: 1 };
  const refused = { __typename: 'InvalidInputError', field: 'input.priority' };
  assert.deepEqual((await told(alice, submit, { input: urgent })).data.transcribe, refused);
  assert.equal((await told(root, submit, { input: urgent })).data.transcribe.__typename, 'TranscribeSuccess');
  const raise = `mutation { updateJob(id: "${id}", input: { priority: 1 }) { __typename ... on InvalidInputError { field } } }`;
  assert.deepEqual((await told(alice, raise)).data.updateJob, refused);
  await using closed = await openTestServer({ server: { apiKeys: [alice.key] } });
  const input = { media: { path: 'speech.wav' } };
  const answer = await ask(closed.url, JSON.stringify({ query: submit, variables: { input } }), alice.headers);
  assert.equal(answer.errors?.[0]?.extensions['code'], 'FORBIDDEN');
});
