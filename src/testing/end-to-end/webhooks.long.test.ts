import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newSecret } from '#src/config/webhook-secret.ts';
import { lastingPort } from '../process.ts';
import { openTestServer, submit, type TestServer } from '../server.ts';
import { openTemporary } from '../temporary.ts';

const root = join(import.meta.dirname, '../../..');

/** Settles once something listens there. */
async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await sleep(20);
  }
}

async function create(server: TestServer, url: string, secret: string): Promise<string> {
  const query =
    'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { ... on CreateWebhookSuccess { webhook { id } } } }';
  return (await server.ask(query, { input: { url, secret } })).data.createWebhook.webhook.id;
}

async function statusOfPing(server: TestServer, id: string): Promise<number | null> {
  const query = `mutation { testWebhook(id: "${id}") { ... on TestWebhookSuccess { delivery { status } } } }`;
  return (await server.ask(query)).data.testWebhook.delivery.status;
}

test('the receiver of docs/webhooks.md takes what is rightly signed, and nothing else', async () => {
  await using folder = await openTemporary();
  const page = readFileSync(join(root, 'docs/webhooks.md'), 'utf8');
  const program = /```js\n(?<text>.*?)```/su.exec(page)?.groups?.['text'] ?? assert.fail('the page has a program');
  const file = join(folder.directory, 'receive.mjs');
  await writeFile(file, program);
  await symlink(join(root, 'node_modules'), join(folder.directory, 'node_modules'));
  const [port, secret] = [lastingPort(), newSecret()];
  const env = { ...process.env, PORT: String(port), WEBHOOK_SECRET: secret };
  const receiver = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  folder.stack.defer(async () => {
    receiver.kill();
    if (receiver.exitCode === null && receiver.signalCode === null) await once(receiver, 'exit');
  });
  let said = '';
  receiver.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await untilListening(port);
  await using server = await openTestServer({ server: { urlAllowedCidrs: ['127.0.0.0/8'] } });
  const url = `http://127.0.0.1:${port}/`;
  assert.equal(await statusOfPing(server, await create(server, url, secret)), 204);
  assert.equal(await statusOfPing(server, await create(server, url, newSecret())), 401);
  const id = await submit(server);
  while (!said.includes(`job.completed ${id}`)) await once(receiver.stdout, 'data');
  assert.match(said, /^ping/u);
});
