import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventSource } from 'undici';
import { newCaller } from '#src/testing/caller.ts';
import { debianProgram } from '#src/testing/debian.ts';
import { wsClient } from '#src/testing/follow.ts';
import { ask, openTestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';

const nginx = await debianProgram('nginx', ['/usr/sbin/nginx']);

/** nginx as docs/running.md has it, on a port that stays; `start` settles when it listens. */
async function openProxy(directory: string, target: string) {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { readonly port: number };
  await new Promise((closed) => probe.close(closed));
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  const config = join(directory, 'nginx.conf');
  const docs = await readFile(join(import.meta.dirname, '../../docs/running.md'), 'utf8');
  const location = /```nginx\n(?<text>[\s\S]*?)```/u.exec(docs)?.groups?.['text'] ?? '';
  await writeFile(
    config,
    `daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http {
  access_log off; ${folders.join(' ')}
  server {
    listen 127.0.0.1:${port};
    ${location.replace('http://127.0.0.1:4000', target)}
  }
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
    const proxy = await openProxy(temporary.directory, server.url);
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
