import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventSource } from 'undici';
import { newCaller } from '#src/testing/caller.ts';
import { debianProgram } from '#src/testing/debian.ts';
import { followThrough } from '#src/testing/follow-through.ts';
import { untilEvent, wsClient } from '#src/testing/follow.ts';
import { openPostgres, postgresProgram } from '#src/testing/postgres.ts';
import { placeRecording } from '#src/testing/recordings.ts';
import { ask, isReady, openTestServer, readyTells, submit } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';

const nginx = await debianProgram('nginx', ['/usr/sbin/nginx']);

const root = join(import.meta.dirname, '../..');

/** nginx with what stands within its `http`, on a port that stays; `start` settles when it listens. */
async function openProxy(directory: string, blocks: (port: number) => string) {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { readonly port: number };
  await new Promise((closed) => probe.close(closed));
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  const config = join(directory, 'nginx.conf');
  await writeFile(
    config,
    `daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http {
  access_log off; ${folders.join(' ')}
  ${blocks(port)}
}`,
  );
  return {
    url: `http://127.0.0.1:${port}`,
    async start() {
      const child = spawn(nginx.path, ['-p', directory, '-c', config], { stdio: 'ignore' });
      const listens = () =>
        new Promise<boolean>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
          socket.on('connect', () => socket.destroy());
        });
      while (!(await listens())) await sleep(20);
      return async () => {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      };
    },
  };
}

test(
  'a plain EventSource hears each event once through nginx, as it happens, and goes on after nginx was killed',
  { skip: nginx.skip },
  async () => {
    await using temporary = await openTemporary();
    const alice = newCaller('alice');
    await using server = await openTestServer({
      engine: 'waits',
      server: { apiKeys: [alice.key], publicUrl: 'http://127.0.0.1/speech' },
    });
    const tell = async (query: string) => (await ask(server.url, JSON.stringify({ query }), alice.headers)).data;
    const submitted =
      'mutation { transcribe(input: { media: { path: "speech.wav" } }) { ... on TranscribeSuccess { job { id eventsUrl } } } }';
    const { id, eventsUrl } = (await tell(submitted)).transcribe.job;
    const docs = await readFile(join(root, 'docs/running.md'), 'utf8');
    const location = /```nginx\n(?<text>[\s\S]*?)```/u.exec(docs)?.groups?.['text'] ?? '';
    const proxy = await openProxy(
      temporary.directory,
      (port) => `server { listen 127.0.0.1:${port}; ${location.replace('http://127.0.0.1:4000', server.url)} }`,
    );
    let kill = await proxy.start();
    temporary.stack.defer(() => kill());
    const source = new EventSource(`${proxy.url}${eventsUrl}`);
    temporary.stack.defer(() => source.close());
    const seen: { readonly seq: number; readonly type: string }[] = [];
    const heard = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    source.addEventListener('message', ({ data, lastEventId }) => {
      const { seq, __typename: type } = JSON.parse(data);
      assert.equal(lastEventId, String(seq));
      seen.push({ seq, type });
      if (type === 'JobSegmentsAdded') heard.resolve();
    });
    source.addEventListener('complete', () => ended.resolve());
    // The job is still at it: nothing was held back until its end.
    await heard.promise;
    const socket = wsClient(`${proxy.url}/speech`, alice.headers);
    const query = 'subscription ($id: ID!) { jobEvents(id: $id) { seq } }';
    const events = socket.iterate<{ jobEvents: { seq: number } }>({ query, variables: { id } });
    assert.equal((await events.next()).value?.data?.jobEvents.seq, 1);
    await socket.dispose();
    const before = seen.length;
    await kill();
    await tell(`mutation { cancel(id: "${id}") { __typename } }`);
    kill = await proxy.start();
    await ended.promise;
    source.close();
    assert.deepEqual(
      seen.map(({ seq }) => seq),
      seen.map((_, index) => index + 1),
    );
    assert.ok(seen.length > before);
    const { job } = await tell(`{ job(id: "${id}") { status lastEventSeq } }`);
    assert.deepEqual(job, { status: 'CANCELLED', lastEventSeq: seen.length });
  },
);

/** Begins an upload of so many bytes and sends the first of them; the path of it. */
async function beginUpload(url: string, size: number, first: Buffer): Promise<string> {
  const tus = { 'tus-resumable': '1.0.0' };
  const begun = await fetch(`${url}/uploads`, { method: 'POST', headers: { ...tus, 'upload-length': String(size) } });
  const path = begun.headers.get('location') ?? '';
  assert.equal(begun.status, 201, await begun.text());
  await sendOn(url, path, { offset: 0, bytes: first });
  return path;
}

async function sendOn(url: string, path: string, { offset, bytes }: { offset: number; bytes: Buffer }): Promise<void> {
  const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) };
  const response = await fetch(`${url}${path}`, {
    method: 'PATCH',
    headers: { 'tus-resumable': '1.0.0', ...headers },
    body: new Uint8Array(bytes),
  });
  assert.equal(response.status, 204, `${path} ${await response.text()}`);
}

test(
  'two nodes behind nginx are one server: who follows or uploads goes on at the other one when the first is gone',
  { skip: nginx.skip === false ? postgresProgram.skip : nginx.skip },
  async () => {
    await using temporary = await openTemporary();
    await using postgres = await openPostgres();
    const databaseUrl = await postgres.create();
    const [mediaStore, path] = ['recordings', 'media'].map((name) => join(temporary.directory, name)) as [
      string,
      string,
    ];
    for (const folder of [mediaStore, path]) await mkdir(folder);
    await placeRecording(join(root, 'samples/jfk.flac'), join(path, 'speech.wav'));
    const server = { databaseUrl, mediaStore, mediaRoots: [{ configured: path, path }] };
    await using first = new AsyncDisposableStack();
    const one = first.use(await openTestServer({ engine: 'waits', server }));
    await readyTells(one, isReady);
    const id = await submit(one);
    await untilEvent(one.url, id, ({ __typename: type }) => type === 'JobSegmentsAdded');
    await using other = await openTestServer({ engine: 'waits', server });
    await readyTells(other, isReady);
    const config = await readFile(join(root, 'examples/fleet/nginx.conf'), 'utf8');
    const proxy = await openProxy(temporary.directory, (port) =>
      config
        .replace('listen 80;', `listen 127.0.0.1:${port};`)
        .replaceAll('api-1:4000', new URL(one.url).host)
        .replaceAll('api-2:4000', new URL(other.url).host),
    );
    const end = await proxy.start();
    temporary.stack.defer(end);
    // One at each node, and one more: nginx gives connections to them in turns.
    const { signal } = new AbortController();
    const followers = [1, 2, 3].map(() => Array.fromAsync(followThrough(proxy.url, id, { signal })));
    const bytes = randomBytes(200_000);
    const half = bytes.length / 2;
    const uploads = await Promise.all(
      Array.from({ length: 6 }, () => beginUpload(proxy.url, bytes.length, bytes.subarray(0, half))),
    );
    const keda = await readFile(join(root, 'examples/fleet/kubernetes/keda.yaml'), 'utf8');
    const query = /query: (?<sql>.*)/u.exec(keda)?.groups?.['sql'] ?? '';
    assert.deepEqual(await postgres.ask(databaseUrl, query), [{ coalesce: 1 }]);
    await first.disposeAsync();
    const stories = await Promise.all(followers);
    for (const events of stories) assert.equal(events.at(-1)?.status, 'COMPLETED');
    assert.deepEqual(stories[1], stories[0]);
    for (const upload of uploads) {
      const told = await fetch(`${proxy.url}${upload}`, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } });
      assert.equal(told.headers.get('upload-offset'), String(half));
      await sendOn(proxy.url, upload, { offset: half, bytes: bytes.subarray(half) });
    }
    const uploadId = uploads[0]?.split('/').at(-1);
    const job = await submit(other, { media: { uploadId } });
    const media = await fetch(`${proxy.url}/jobs/${job}/media`);
    assert.ok(Buffer.from(await media.arrayBuffer()).equals(bytes));
    assert.deepEqual(await postgres.ask(databaseUrl, query), [{ coalesce: 1 }]);
  },
);
