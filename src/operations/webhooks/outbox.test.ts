import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { anybody, type Caller } from '../../config/api-key.ts';
import { newSecret } from '../../config/webhook-secret.ts';
import { added, claimed, quietly } from '../../store/contract/samples.ts';
import { openNotifier } from '../../store/notifier.ts';
import { openStore } from '../../store/open.ts';
import { type NewWebhook, webhookEvents } from '../../store/webhooks.ts';
import { type Answer, openReceiver, verify } from '../../testing/receiver.ts';
import { type OutboxParts, startOutbox } from './outbox.ts';

const callbackSecret = newSecret();

/** A store with an outbox that tries again soon, in the network of loopback. */
async function openTestOutbox(changes: Partial<OutboxParts> = {}) {
  await using stack = new AsyncDisposableStack();
  const notifier = openNotifier();
  const store = stack.use(await openStore({ database: ':memory:', notifier }));
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const parts: OutboxParts = {
    store,
    notifier,
    log,
    metrics: { messageTried: () => undefined },
    config: { usesEnvProxy: false, server: { urlAllowedCidrs: ['127.0.0.0/8'], webhookSecret: callbackSecret } },
    keys: { callerNamed: () => anybody },
    urls: { absolute: (path) => `https://example.org/speech${path}` },
    pausesMs: [10, 10, 10],
    answerMs: 300,
    ...changes,
  };
  const outbox = stack.use(startOutbox(parts));
  const owned = stack.move();
  return {
    store,
    outbox,
    lines,
    hook: async (url: string, webhook: Partial<NewWebhook> = {}) => {
      const plain = { url, events: webhookEvents, secret: newSecret(), owner: null, everyJob: true, ...webhook };
      const made = await store.addWebhook(plain);
      assert.ok(made !== null);
      return { ...made, secret: plain.secret };
    },
    /** A job that has ended. */
    ended: async (job: Parameters<typeof added>[1] = {}) => {
      const { id } = await added(store, job);
      await store.cancel(id);
      return id;
    },
    /** The newest message to a webhook, once it is on its way no more. */
    over: async (webhookId: string) => {
      for (;;) {
        const [newest] = await store.deliveries(webhookId, 1);
        if (newest?.nextAttemptAt === null) return newest;
        await sleep(5);
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('a message is signed for its receiver, tells of the job and where its transcript is, and is delivered once', async () => {
  await using receiver = await openReceiver();
  await using opened = await openTestOutbox();
  const { store, over, hook } = opened;
  const webhook = await hook(receiver.url);
  const { id } = await added(store, { title: 'Interview' });
  await store.finish((await claimed(store)).lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  const [message] = await receiver.until(1);
  assert.ok(message !== undefined);
  verify(webhook.secret, message);
  assert.throws(() => verify(newSecret(), message));
  const { type, timestamp, data } = message;
  const job = await store.job(id);
  assert.deepEqual([type, timestamp], ['job.completed', job?.finishedAt?.toISOString()]);
  assert.deepEqual([data.id, data.status, data.title, data.failure], [id, 'COMPLETED', 'Interview', null]);
  assert.equal(data.transcriptUrl, `https://example.org/speech/jobs/${id}/transcript.txt`);
  const { status, attempts, problem, deliveredAt } = await over(webhook.id);
  assert.deepEqual([status, attempts, problem, deliveredAt === null], [204, 1, null, false]);
  await opened.ended();
  await receiver.until(2);
  assert.equal(receiver.received.length, 2);
});

test('the callback of a job is signed with the secret of the settings', async () => {
  await using receiver = await openReceiver();
  await using opened = await openTestOutbox({ urls: { absolute: () => null } });
  const id = await opened.ended({ callbackUrl: receiver.url, callerId: 'alice' });
  const [message] = await receiver.until(1);
  assert.ok(message !== undefined);
  verify(callbackSecret, message);
  assert.deepEqual([message.type, message.data.id, message.data.owner], ['job.cancelled', id, 'alice']);
  assert.ok(!('transcriptUrl' in message.data));
});

test('what is not taken is sent again, signed anew under the same id, until it is; those after it about the job wait', async () => {
  let left = 3;
  await using receiver = await openReceiver((_, response) => {
    left -= 1;
    response.writeHead(left > 0 ? 500 : 200).end();
  });
  await using opened = await openTestOutbox();
  const { store, over, hook } = opened;
  const webhook = await hook(receiver.url);
  const id = await opened.ended();
  await store.retry(id, false);
  await store.finish((await claimed(store)).lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  const messages = await receiver.until(4);
  for (const message of messages) verify(webhook.secret, message);
  assert.deepEqual(
    messages.map(({ type }) => type),
    ['job.cancelled', 'job.cancelled', 'job.cancelled', 'job.completed'],
  );
  assert.equal(new Set(messages.slice(0, 3).map((message) => message.id)).size, 1);
  assert.equal((await over(webhook.id)).status, 200);
  const attempts = (await store.deliveries(webhook.id, 2)).map((delivery) => delivery.attempts);
  assert.deepEqual(attempts, [1, 3]);
});

test('a webhook that takes nothing is disabled and told in the log, and goes on once a ping arrives', async () => {
  let status = 500;
  await using receiver = await openReceiver((_, response) => response.writeHead(status).end());
  await using opened = await openTestOutbox();
  const { store, hook, over, outbox, lines } = opened;
  const webhook = await hook(`${receiver.url}?token=confidential`);
  await opened.ended();
  const lost = await over(webhook.id);
  assert.deepEqual([lost.attempts, lost.status], [4, 500]);
  assert.match(lost.problem ?? '', /answered with 500/u);
  while ((await store.webhook(webhook.id))?.disabledAt === null) await sleep(5);
  while (!lines.some((line) => line.includes('"webhook disabled"'))) await sleep(5);
  assert.ok(!lines.some((line) => /confidential|whsec_/u.test(line)));
  assert.equal((await outbox.ping(webhook.id))?.status, 500);
  status = 204;
  const ping = await outbox.ping(webhook.id);
  assert.deepEqual([ping?.event, ping?.status, ping?.jobId], ['ping', 204, null]);
  verify(webhook.secret, receiver.received.at(-1) ?? assert.fail());
  assert.equal((await store.webhook(webhook.id))?.disabledAt, null);
  await opened.ended();
  assert.equal((await over(webhook.id)).status, 204);
  assert.equal(await outbox.ping('webhook_unknown'), null);
});

function* headersWithoutEnd() {
  yield 'HTTP/1.1 200 OK\r\n';
  for (;;) yield `x-${'y'.repeat(1000)}: z\r\n`;
}

/** Receivers that do what they should not. Whatever they do costs the server a failed attempt. */
const hostile: Readonly<Record<string, { readonly answer: Answer; readonly problem: RegExp }>> = {
  'never answers': { answer: () => undefined, problem: /no answer within 0.3 s/u },
  'breaks off': { answer: (_, response) => response.destroy(), problem: /UND_ERR_SOCKET|ECONNRESET/u },
  'redirects to an address of the network': {
    answer: (_, response) => response.writeHead(307, { location: 'http://169.254.169.254/latest/' }).end(),
    problem: /answered with 307, and redirects are not followed/u,
  },
  'has headers without end': {
    answer: (_, { socket }) => {
      if (socket !== null) pipeline(Readable.from(headersWithoutEnd()), socket, () => undefined);
    },
    problem: /UND_ERR_HEADERS_OVERFLOW|UND_ERR_SOCKET|ECONNRESET|HPE_HEADER_OVERFLOW/u,
  },
  'speaks another protocol': {
    answer: (_, response) => response.socket?.end('SSH-2.0-OpenSSH_9.9\r\n'),
    problem: /HPE_INVALID|HTTPParserError/u,
  },
};

for (const [way, { answer, problem }] of Object.entries(hostile)) {
  test(`a receiver that ${way} is a failed attempt`, async () => {
    await using receiver = await openReceiver(answer);
    await using opened = await openTestOutbox({ pausesMs: [] });
    const webhook = await opened.hook(receiver.url);
    await opened.ended();
    const delivery = await opened.over(webhook.id);
    assert.match(delivery.problem ?? '', problem);
    assert.equal(delivery.deliveredAt, null);
  });
}

test('an answer without end counts by its status, and is not read', async () => {
  let written = 0;
  await using receiver = await openReceiver((_, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(65_536);
    const flood = () => {
      while (response.writable && !response.destroyed && response.write(chunk)) written += chunk.length;
    };
    response.on('drain', flood);
    flood();
  });
  await using opened = await openTestOutbox();
  const webhook = await opened.hook(receiver.url);
  await opened.ended();
  assert.equal((await opened.over(webhook.id)).status, 200);
  // What fits into the buffers of both ends, and no more.
  assert.ok(written < 32_000_000, `${written} bytes`);
});

test('who cannot be connected to, speaks no TLS or has no certificate, or is within the network, is a failed attempt', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  const secure = createTlsServer().listen(0, '127.0.0.1');
  await once(secure, 'listening');
  await using plain = await openReceiver();
  await using opened = await openTestOutbox({ pausesMs: [] });
  const securePort = (secure.address() as AddressInfo).port;
  for (const [url, problem] of [
    [`http://127.0.0.1:${port}/`, /ECONNREFUSED/u],
    [plain.url.replace('http:', 'https:'), /ERR_SSL|EPROTO/u],
    [`https://127.0.0.1:${securePort}/`, /ERR_SSL|SSL|ECONNRESET/u],
    ['http://[::1]:80/?token=confidential', /::1 is within a private network/u],
    ['http://10.1.2.3/', /10\.1\.2\.3 is within a private network/u],
    ['http://nowhere.invalid/', /ENOTFOUND|EAI_AGAIN/u],
  ] as const) {
    const webhook = await opened.hook(url);
    const ping = await opened.outbox.ping(webhook.id);
    assert.match(ping?.problem ?? '', problem, url);
    assert.doesNotMatch(ping?.problem ?? '', /confidential/u);
    await opened.store.deleteWebhook(webhook.id);
  }
  secure.close();
});

test('one that answers slowly holds up no other, and a stop waits for none', async () => {
  await using slow = await openReceiver(() => undefined);
  await using quick = await openReceiver();
  const opened = await openTestOutbox({ answerMs: 60_000 });
  const { hook, ended } = opened;
  await hook(slow.url);
  await hook(quick.url);
  for (let jobs = 0; jobs < 10; jobs += 1) await ended();
  await quick.until(10);
  assert.equal(slow.received.length, 2, 'two at a time');
  await opened[Symbol.asyncDispose]();
});

test('nothing is told to whom the API key was taken from, until there is one again, and nothing of jobs that may not be seen', async () => {
  await using receiver = await openReceiver();
  let caller: Caller | null = null;
  await using opened = await openTestOutbox({
    keys: { callerNamed: () => caller },
    pausesMs: Array.from({ length: 1000 }, () => 5),
  });
  const webhook = await opened.hook(receiver.url, { owner: 'alice' });
  await opened.ended({ callerId: 'bob' });
  let [delivery] = await opened.store.deliveries(webhook.id, 1);
  for (; (delivery?.attempts ?? 0) < 2; await sleep(5)) [delivery] = await opened.store.deliveries(webhook.id, 1);
  assert.match(delivery?.problem ?? '', /no API key any more/u);
  assert.equal(receiver.received.length, 0);
  caller = { name: 'alice', role: 'ADMIN', keyId: 'key_new' };
  await receiver.until(1);
  await opened.over(webhook.id);
  // What arrived came before what is written in the next millisecond.
  await sleep(2);
  caller = { name: 'alice', role: 'USER', keyId: 'key_new' };
  await opened.ended({ callerId: 'bob' });
  assert.match((await opened.over(webhook.id)).problem ?? '', /may not see the job/u);
  assert.equal((await opened.store.webhook(webhook.id))?.disabledAt, null, 'it says nothing of the receiver');
  await opened.ended({ callerId: 'alice' });
  await receiver.until(2);
  assert.equal(receiver.received[1]?.data.owner, 'alice');
});
