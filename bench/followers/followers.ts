// What a live event costs the server for each of those who follow it, over WebSocket and SSE, beside servers that only write: CPU, delay, memory, and how long
// /health takes meanwhile; then followers who all come back at once. Prints figures and ratios of one run: npm run bench:followers [-- 500 2000]
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { openProcessHarness, residentBytes, submitTo } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';
import { percentile } from '#src/testing/timing.ts';
import { type Follow, followBySse, followByWebSocket } from './follower.ts';

const [batches, pauseMs] = [24, 500]; // 4 events a second: a batch is its segments and the progress
const transports: Readonly<Record<string, Follow>> = { WebSocket: followByWebSocket, SSE: followBySse };

/** A server that is measured, and what has it begin to tell. */
interface Measured {
  readonly url: string;
  readonly child: ChildProcess;
  readonly id: string;
  begin(): Promise<unknown>;
}

const queryOf = (name: string) => `subscription ${name}($id: ID!, $after: SafeInt) {
  jobEvents(id: $id, after: $after) {
    __typename seq ... on JobProgressed { progress { fraction } } ... on JobSegmentsAdded { segments { index text } }
  }
}`;

async function withPhonograph<T>(use: (server: Measured) => Promise<T>): Promise<T> {
  await using harness = await openProcessHarness(`keeps-time ${batches} ${pauseMs}`);
  const server = harness.start({ PHONOGRAPH_MAX_SUBSCRIPTIONS_PER_CALLER: '20000', PHONOGRAPH_LOG_LEVEL: 'info' });
  const url = await server.url;
  await server.said('engine ready');
  await ask(url, '{"query":"mutation { pauseQueue { __typename } }"}');
  const id = await submitTo(url);
  return await use({
    url,
    child: server.child,
    id,
    begin: () => ask(url, '{"query":"mutation { resumeQueue { __typename } }"}'),
  });
}

async function withControl<T>(use: (server: Measured) => Promise<T>): Promise<T> {
  const program = join(import.meta.dirname, '../controls/followers.ts');
  const child = spawn(process.execPath, ['--max-semi-space-size=16', program, String(batches), String(pauseMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [url]: string[] = await once(createInterface({ input: child.stdout }), 'line');
  try {
    return await use({ url: url ?? '', child, id: 'none', begin: async () => child.stdin.write('begin\n') });
  } finally {
    child.kill();
    await once(child, 'close');
  }
}

/** User and system time of a process in milliseconds; the kernel counts in ticks of 10 ms. */
function cpuMs({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Asks for /health from a thread of its own until it is stopped: this one is busy with what comes. */
function watchHealth(url: string): { stop(): Promise<number> } {
  const watch = `
    const { parentPort } = require('node:worker_threads');
    let [worst, isOver] = [0, false];
    parentPort.once('message', () => (isOver = true));
    (async () => {
      while (!isOver) {
        const start = performance.now();
        await (await fetch('${url}/health')).text();
        worst = Math.max(worst, performance.now() - start);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      parentPort.postMessage(worst);
    })();`;
  const worker = new Worker(watch, { eval: true });
  return {
    async stop() {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is no window
      worker.postMessage('stop');
      const [worst]: number[] = await once(worker, 'message');
      await worker.terminate();
      return worst ?? Number.NaN;
    },
  };
}

/** From where followers come, to where those who come back have missed something, and whether each has a document of its own. */
interface Coming {
  readonly after?: number;
  readonly upTo?: number;
  readonly isOwn?: boolean;
}

/** Followers of a job, and how far each has come. */
function openFollowers(
  count: number,
  follow: Follow,
  server: Measured,
  { after = 0, upTo = after, isOwn = false }: Coming = {},
) {
  const seqs = Array.from({ length: count }, () => after);
  const delays: number[] = [];
  const errors: string[] = [];
  let [received, isOver] = [0, false];
  const sockets: Socket[] = [];
  let whenAll = Promise.withResolvers<void>();
  let [wanted, there] = [Infinity, 0];
  const tell = (index: number) => (message: string) => {
    const seq = Number(/"seq":(?<seq>\d+)/u.exec(message)?.groups?.['seq']);
    if (seq !== (seqs[index] ?? 0) + 1) errors.push(`${seq} after ${seqs[index]}`);
    seqs[index] = seq;
    received += 1;
    const said = /@(?<at>[\d.]+)@/u.exec(message)?.groups?.['at'];
    if (said !== undefined) delays.push(performance.timeOrigin + performance.now() - Number(said));
    if (seq !== wanted) return;
    there += 1;
    if (there === count) whenAll.resolve();
  };
  const fail = (error: unknown) => {
    if (!isOver) errors.push(String(error));
  };
  const add = (index: number) => {
    const query = queryOf(isOwn ? `Own${index}` : 'Follow');
    sockets.push(
      follow({ url: server.url, query, variables: { id: server.id, after, upTo }, tell: tell(index), fail }),
    );
  };
  for (let index = 0; index < count; index += 1) add(index);
  return {
    errors,
    delays,
    received: () => received,
    /** Settles when each of them has this event. */
    async reach(seq: number): Promise<void> {
      wanted = seq;
      whenAll = Promise.withResolvers();
      there = seqs.filter((each) => each >= seq).length;
      if (there < count) await whenAll.promise;
    },
    end(): void {
      isOver = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface Cost {
  readonly cpuMs: number;
  readonly delivered: number;
  readonly delays: readonly number[];
  readonly kilobytesEach: number;
  readonly healthMs: number;
  readonly errors: readonly string[];
}

const watched = 'subscription { jobChanged { id status progress { stage fraction processedSeconds } } }';

/** What it costs that so many watch all jobs while one runs; of the delay nothing is known. */
async function measureWatchers(server: Measured, count: number): Promise<Cost> {
  const errors: string[] = [];
  let received = 0;
  let isOver = false;
  const fail = (error: unknown) => isOver || errors.push(String(error));
  const tell = () => (received += 1);
  const follow = (): Socket => followByWebSocket({ url: server.url, query: watched, variables: {}, tell, fail });
  const bytesBefore = await residentBytes(server.child.pid);
  const sockets = Array.from({ length: count }, follow);
  await sleep(2000);
  const bytes = (await residentBytes(server.child.pid)) - bytesBefore;
  const cpuBefore = cpuMs(server.child);
  const health = watchHealth(server.url);
  const one = openFollowers(1, followByWebSocket, server);
  await server.begin();
  await one.reach(2 * batches + eventsBefore);
  one.end();
  isOver = true;
  const healthMs = await health.stop();
  const cost = {
    cpuMs: cpuMs(server.child) - cpuBefore,
    delivered: received,
    delays: [],
    kilobytesEach: bytes / 1024 / count,
  };
  for (const socket of sockets) socket.destroy();
  return { ...cost, healthMs, errors };
}

/** What it costs that so many follow the job from its first event to its last. */
async function measure(server: Measured, count: number, follow: Follow, isOwn = false): Promise<Cost> {
  const isControl = server.id === 'none';
  const [before, last] = isControl ? [0, 2 * batches] : [1, 2 * batches + eventsBefore];
  const bytesBefore = await residentBytes(server.child.pid);
  const followers = openFollowers(count, follow, server, { isOwn });
  if (isControl) await sleep(500 + count / 2);
  else await followers.reach(before);
  await sleep(1000);
  const bytes = (await residentBytes(server.child.pid)) - bytesBefore;
  const [cpuBefore, receivedBefore] = [cpuMs(server.child), followers.received()];
  const health = watchHealth(server.url);
  await server.begin();
  await Promise.race([followers.reach(last), sleep(60_000)]);
  const cost = {
    cpuMs: cpuMs(server.child) - cpuBefore,
    delivered: followers.received() - receivedBefore,
    delays: followers.delays,
    kilobytesEach: bytes / 1024 / count,
    healthMs: await health.stop(),
    errors: followers.errors,
  };
  followers.end();
  return cost;
}

/** QUEUED, WORKING, DECODING, TRANSCRIBING and the language come before the first batch. */
const eventsBefore = 5;

function show(name: string, cost: Cost, perEvent: number): void {
  const { delays, kilobytesEach, healthMs, errors } = cost;
  const [p50, p99] = [0.5, 0.99].map((share) => (delays.length === 0 ? '-' : percentile(delays, share).toFixed(0)));
  process.stdout.write(
    `${name.padEnd(28)} ${perEvent.toFixed(1).padStart(6)} us an event   p50/p99 ${p50}/${p99} ms   ` +
      `${kilobytesEach.toFixed(1)} KB each   /health max ${healthMs.toFixed(0)} ms   errors ${errors.length} ${errors[0] ?? ''}\n`,
  );
}

const perEvent = (cost: Cost, alone: Cost) => ((cost.cpuMs - alone.cpuMs) * 1000) / (cost.delivered - alone.delivered);

async function compare(count: number, name: string, follow: Follow): Promise<void> {
  const [bareAlone, bare] = [
    await withControl((server) => measure(server, 1, follow)),
    await withControl((server) => measure(server, count, follow)),
  ];
  const [alone, all] = [
    await withPhonograph((server) => measure(server, 1, follow)),
    await withPhonograph((server) => measure(server, count, follow)),
  ];
  const [bareCost, cost] = [perEvent(bare, bareAlone), perEvent(all, alone)];
  show(`${count} raw ${name}`, bare, bareCost);
  show(`${count} ${name}`, all, cost);
  process.stdout.write(`${''.padEnd(28)} ratio ${(cost / bareCost).toFixed(2)}\n`);
}

/** Seconds until all of them, who come back at once with their cursors, have the four events that they have missed. */
async function secondsToCatchUp(server: Measured, count: number, follow: Follow) {
  const upTo = 2 * batches + eventsBefore;
  if (server.id !== 'none') {
    const one = openFollowers(1, follow, server);
    await server.begin();
    await one.reach(upTo);
    one.end();
  }
  const start = performance.now();
  const followers = openFollowers(count, follow, server, { after: upTo - 4, upTo });
  await Promise.race([followers.reach(upTo), sleep(60_000)]);
  const seconds = (performance.now() - start) / 1000;
  followers.end();
  return { seconds, errors: followers.errors };
}

async function storm(count: number, name: string, follow: Follow): Promise<void> {
  const bare = await withControl((server) => secondsToCatchUp(server, count, follow));
  const { seconds, errors } = await withPhonograph((server) => secondsToCatchUp(server, count, follow));
  process.stdout.write(
    `${`${count} ${name} come back`.padEnd(28)} level in ${seconds.toFixed(2)} s (raw ${bare.seconds.toFixed(2)} s)   ` +
      `errors ${errors.length} ${errors[0] ?? ''}\n`,
  );
}

const counts = process.argv.slice(2).map(Number);
for (const count of counts.length > 0 ? counts : [500, 2000]) {
  for (const [name, follow] of Object.entries(transports)) await compare(count, name, follow);
}
const alone = await withPhonograph((server) => measure(server, 1, followByWebSocket));
const own = await withPhonograph((server) => measure(server, 500, followByWebSocket, true));
show('500 different documents', own, perEvent(own, alone));
const watchesAlone = await withPhonograph((server) => measureWatchers(server, 1));
const watch = await withPhonograph((server) => measureWatchers(server, 500));
show('500 watch jobChanged', watch, perEvent(watch, watchesAlone));
for (const [name, follow] of Object.entries(transports)) await storm(2000, name, follow);
await storm(9500, 'WebSocket', followByWebSocket);
