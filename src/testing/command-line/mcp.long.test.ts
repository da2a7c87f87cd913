import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { lastingPort, openProcessHarness } from '#src/testing/process.ts';
import { placeRecording } from '#src/testing/recordings.ts';
import { openTestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { main } from './run.ts';

const sample = join(import.meta.dirname, '../../../samples/jfk.flac');

/** An assistant, as the official SDK makes one, that has started `phonograph mcp`. */
async function openAssistant(server: string, key = '') {
  return await openAssistantWith({ PATH: process.env['PATH'] ?? '', PHONOGRAPH_URL: server, PHONOGRAPH_API_KEY: key });
}

async function openAssistantWith(env: Record<string, string>) {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [main, 'mcp'], env, stderr: 'inherit' }),
  );
  const call = async (name: string, args: Record<string, unknown>, onprogress?: () => void) => {
    const answer: any = await client.callTool(
      { name, arguments: args },
      undefined,
      onprogress === undefined ? {} : { onprogress },
    );
    return { isError: answer.isError === true, text: String(answer.content[0].text) };
  };
  return { client, call, [Symbol.asyncDispose]: () => client.close() };
}

test('an assistant transcribes a file, reads parts of the transcript with times, searches, and has transcripts as resources', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const recording = join(temporary.directory, 'talk.flac');
  await placeRecording(sample, recording);
  await writeFile(join(temporary.directory, 'id_rsa'), 'secret');
  await using assistant = await openAssistant(server.url);
  const { tools } = await assistant.client.listTools();
  assert.deepEqual(tools.map(({ name }) => name).toSorted(), ['job', 'models', 'search', 'transcribe', 'transcript']);
  let progressed = 0;
  const done = await assistant.call('transcribe', { recording }, () => (progressed += 1));
  assert.ok(!done.isError, done.text);
  const { id, status } = JSON.parse(done.text);
  assert.deepEqual([status, progressed > 0], ['COMPLETED', true]);
  assert.equal(JSON.parse((await assistant.call('job', { id })).text).status, 'COMPLETED');
  assert.equal((await assistant.call('transcript', { id })).text, '[0:00] one\n[0:03] two\n[0:06] three\n');
  assert.equal((await assistant.call('transcript', { id, startSeconds: 4, endSeconds: 6 })).text, '[0:03] two\n');
  const found = JSON.parse((await assistant.call('search', { query: 'three' })).text);
  assert.deepEqual(
    found.map(({ job, startSeconds }: any) => [job, startSeconds]),
    [[id, 6]],
  );
  assert.ok(JSON.parse((await assistant.call('models', {})).text).models.some(({ installed }: any) => installed));
  const { resources } = await assistant.client.listResources();
  assert.deepEqual(
    resources.map(({ name }) => name),
    ['talk.flac'],
  );
  const { contents } = await assistant.client.readResource({ uri: resources[0]?.uri ?? '' });
  assert.match(String(contents[0] && 'text' in contents[0] && contents[0].text), /^WEBVTT[\s\S]*three/u);
  const secret = await assistant.call('transcribe', { recording: join(temporary.directory, 'id_rsa') });
  assert.deepEqual([secret.isError, /not called like a recording/u.test(secret.text)], [true, true]);
  const nowhere = await assistant.call('job', { id: 'job_nowhere' });
  assert.deepEqual(nowhere, { isError: true, text: 'There is no job job_nowhere.' });
});

test('with the key of a READER an assistant reads, and is offered nothing that changes anything', async () => {
  await using server = await openTestServer();
  const input =
    'mutation { createApiKey(input: { name: "eyes", role: READER }) { ... on CreateApiKeySuccess { token } } }';
  await server.ask('mutation { transcribe(input: { media: { path: "speech.wav" } }) { __typename } }');
  const { token } = (await server.ask(input)).data.createApiKey;
  await using assistant = await openAssistant(server.url, token);
  const { tools } = await assistant.client.listTools();
  assert.deepEqual(tools.map(({ name }) => name).toSorted(), ['job', 'models', 'search', 'transcript']);
  assert.ok(tools.every(({ annotations }) => annotations?.readOnlyHint === true));
  assert.ok(!(await assistant.call('models', {})).isError);
});

test('where its own server ends, what serves an assistant ends too, so that it is started again', async () => {
  await using harness = await openProcessHarness('speaks');
  const environment = { ...harness.environment, PHONOGRAPH_LISTEN_PORT: String(lastingPort()) };
  await using assistant = await openAssistantWith(environment);
  assert.ok(!(await assistant.call('models', {})).isError);
  const isServer = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('src/main.ts');
  for (const pid of harness.children().filter(isServer)) process.kill(pid, 'SIGKILL');
  while (harness.children().length > 0) await sleep(20);
});
