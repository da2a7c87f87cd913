import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newSecret } from '#src/config/webhook-secret.ts';
import { newCaller } from '#src/testing/caller.ts';
import { openReceiver, type Receiver, verify } from '#src/testing/receiver.ts';
import { ask, openTestServer, type TestServer } from '#src/testing/server.ts';

const [alice, bob, root] = [newCaller('alice', 'USER'), newCaller('bob', 'USER'), newCaller('root', 'ADMIN')];
type Caller = typeof alice;

const settings = { urlAllowedCidrs: ['127.0.0.0/8'], publicUrl: 'https://example.org/speech' };
const webhookSecret = newSecret();

let server: TestServer;
let receiver: Receiver;
before(async () => {
  const apiKeys = [alice, bob, root].map(({ key }) => key);
  server = await openTestServer({ server: { ...settings, webhookSecret, apiKeys, usersMayReadMediaRoots: true } });
  receiver = await openReceiver();
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

async function told(caller: Caller, query: string, variables = {}) {
  const { data, errors } = await ask(server.url, JSON.stringify({ query, variables }), caller.headers);
  assert.equal(errors, undefined);
  return data;
}

const create = `mutation ($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    __typename
    ... on CreateWebhookSuccess { secret webhook { id url events owner disabledAt createdAt } }
    ... on InvalidInputError { field message }
  }
}`;

async function made(caller: Caller, input: object = {}) {
  const { createWebhook } = await told(caller, create, { input: { url: receiver.url, ...input } });
  assert.equal(createWebhook.__typename, 'CreateWebhookSuccess', JSON.stringify(createWebhook));
  return createWebhook as { readonly secret: string; readonly webhook: any };
}

async function submitted(caller: Caller, input: object = {}): Promise<string> {
  const query = `mutation ($input: TranscribeInput!) {
    transcribe(input: $input) { __typename ... on TranscribeSuccess { job { id } } ... on Error { code message hint } }
  }`;
  const { transcribe } = await told(caller, query, { input: { media: { path: 'speech.wav' }, ...input } });
  assert.equal(transcribe.__typename, 'TranscribeSuccess', JSON.stringify(transcribe));
  return transcribe.job.id;
}

const list =
  '{ webhooks { id owner deliveries { id jobId event attempts nextAttemptAt deliveredAt status problem } } }';
const idsOf = async (caller: Caller): Promise<readonly string[]> =>
  (await told(caller, list)).webhooks.map(({ id }: { readonly id: string }) => id);

/** The messages about a job, once there are so many. */
async function messagesOf(jobId: string, count: number) {
  for (;;) {
    const found = receiver.received.filter(({ data }) => data.id === jobId);
    if (found.length >= count) return found;
    await sleep(5);
  }
}

test('a webhook hears of its own jobs, that of an ADMIN of every job, and its owner reads the transcript with what it was told', async () => {
  const [own, all] = [await made(alice), await made(root, { events: ['JOB_COMPLETED'] })];
  assert.deepEqual(own.webhook.events, ['JOB_COMPLETED', 'JOB_FAILED', 'JOB_CANCELLED']);
  assert.deepEqual([own.webhook.owner, own.webhook.disabledAt], ['alice', null]);
  const id = await submitted(alice);
  const messages = await messagesOf(id, 2);
  for (const { secret } of [own, all]) {
    const message = messages.find((each) => {
      try {
        verify(secret, each);
        return true;
      } catch {
        return false;
      }
    });
    const url = new URL(message?.data.transcriptUrl);
    assert.equal(url.origin + url.pathname, `https://example.org/speech/jobs/${id}/transcript.txt`);
    const response = await fetch(server.url + url.pathname.replace('/speech', '') + url.search);
    assert.equal(response.status, 200);
    assert.ok(!message?.body.includes((await response.text()).trim().slice(0, 20)));
  }
  const other = await submitted(bob);
  const [alone] = await messagesOf(other, 1);
  assert.ok(alone !== undefined);
  verify(all.secret, alone);
  const { webhooks } = await told(alice, list);
  const [delivery] = webhooks[0].deliveries;
  assert.deepEqual(
    [delivery.jobId, delivery.event, delivery.status, delivery.problem],
    [id, 'job.completed', 204, null],
  );
  for (const { webhook } of [own, all])
    await told(root, `mutation { deleteWebhook(id: "${webhook.id}") { __typename } }`);
});

test('a USER has, tests and deletes own webhooks, and those of others are not there; an ADMIN all', async () => {
  const [mine, other] = [(await made(alice)).webhook.id, (await made(bob)).webhook.id];
  assert.deepEqual(await idsOf(alice), [mine]);
  assert.deepEqual(new Set(await idsOf(root)), new Set([mine, other]));
  const act = (name: string, id: string) =>
    `mutation { ${name}(id: "${id}") { __typename ... on TestWebhookSuccess { delivery { event status attempts } } ... on Error { code } } }`;
  for (const name of ['testWebhook', 'deleteWebhook']) {
    const fragment =
      name === 'deleteWebhook'
        ? act(name, other).replace(/\.\.\. on TestWebhookSuccess.*?\}\s*\}/u, '')
        : act(name, other);
    const refused = { [name]: { __typename: 'WebhookNotFoundError', code: 'WEBHOOK_NOT_FOUND' } };
    assert.deepEqual(await told(alice, fragment), refused);
    assert.deepEqual(await told(alice, fragment.replace(other, 'webhook_unknown')), refused);
  }
  assert.deepEqual((await told(alice, act('testWebhook', mine))).testWebhook.delivery, {
    event: 'ping',
    status: 204,
    attempts: 1,
  });
  const ping = receiver.received.findLast(({ type }) => type === 'ping');
  assert.deepEqual(ping?.data, {});
  for (const [caller, id] of [
    [alice, mine],
    [root, other],
  ] as const) {
    const query = `mutation { deleteWebhook(id: "${id}") { __typename ... on DeleteWebhookSuccess { id } } }`;
    assert.deepEqual((await told(caller, query)).deleteWebhook, { __typename: 'DeleteWebhookSuccess', id });
  }
  assert.deepEqual(await idsOf(root), []);
});

test('addresses, events and secrets that cannot be are refused in words, and the twenty-first webhook of a caller', async () => {
  const refusedFor = async (input: object) =>
    (await told(alice, create, { input: { url: receiver.url, ...input } })).createWebhook;
  for (const url of [
    'ftp://example.org/',
    'example.org',
    'file:///etc/passwd',
    'https://user:password@example.org/',
    `https://example.org/${'x'.repeat(2000)}`,
    'http://10.1.2.3/',
    'http://[::ffff:10.1.2.3]/',
    'http://0xA9FEA9FE/',
    'http://[64:ff9b::a00:1]/',
  ]) {
    const { __typename, field } = await refusedFor({ url });
    assert.deepEqual([__typename, field], ['InvalidInputError', 'input.url'], url.slice(0, 50));
  }
  assert.equal((await refusedFor({ events: [] })).field, 'input.events');
  for (const secret of ['', 'secret', 'whsec_', 'whsec_c2hvcnQ=', `whsec_${'A'.repeat(92)}`, 'A'.repeat(100_000)]) {
    assert.equal((await refusedFor({ secret })).field, 'input.secret', secret.slice(0, 50));
  }
  const given = newSecret();
  assert.equal((await made(alice, { secret: given })).secret, given);
  for (let count = 1; count < 20; count += 1) await made(alice);
  assert.match((await refusedFor({})).message, /at most 20/u);
  await made(bob);
  const secrets = server.logs.filter((line) => JSON.stringify(line).includes('whsec_'));
  assert.deepEqual(secrets, []);
});

test('the callback of a job is told of its end, and needs webhookSecret', async () => {
  const id = await submitted(alice, { callbackUrl: `${receiver.url}/of-a-job` });
  for (;;) {
    const found = (await messagesOf(id, 1)).find((message) => {
      try {
        verify(webhookSecret, message);
        return true;
      } catch {
        return false;
      }
    });
    if (found !== undefined) break;
    await sleep(5);
  }
  await using without = await openTestServer({ server: settings });
  const query =
    'mutation ($input: TranscribeInput!) { transcribe(input: $input) { ... on InvalidInputError { field hint } } }';
  const refusal = async (asked: TestServer, input: object) =>
    (await asked.ask(query, { input: { media: { path: 'speech.wav' }, ...input } })).data.transcribe;
  const { field, hint } = await refusal(without, { callbackUrl: 'https://example.org/' });
  assert.equal(field, 'input.callbackUrl');
  assert.match(hint, /webhookSecret/u);
  assert.deepEqual(await refusal(without, {}), {});
});

test('what was on its way when the server stopped goes on with the next', async () => {
  await using hooked = await openTestServer({ server: settings });
  let isDown = true;
  await using late = await openReceiver((_, response) => {
    if (!isDown) response.writeHead(204).end();
  });
  await hooked.ask(create, { input: { url: late.url } });
  await hooked.ask('mutation { transcribe(input: { media: { path: "speech.wav" } }) { __typename } }');
  const [first] = await late.until(1);
  isDown = false;
  await hooked.again();
  const messages = await late.until(2);
  assert.equal(messages[1]?.id, first?.id);
});
