// What 500 subscribers of jobChanged cost while four jobs run, beside one: CPU of the server for each item that is delivered, and how long /health takes
// meanwhile. Prints figures and ratios of one run: npm run bench:watchers
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventsOf, wsClient } from '#src/testing/follow.ts';
import { openProcessHarness, submitTo } from '#src/testing/process.ts';

const jobs = 12;
const subscriptionsPerSocket = 40; // of the 50 operations that a socket carries
const query = 'subscription { jobChanged { id status progress { stage fraction processedSeconds } } }';

/** User and system time of a process in milliseconds; the kernel counts in ticks of 10 ms. */
function cpuMs(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

interface Cost {
  readonly cpuMs: number;
  readonly items: number;
  readonly worstHealthMs: number;
}

/** Runs the jobs with so many subscribers, in a server of its own. */
async function measure(subscribers: number): Promise<Cost> {
  await using harness = await openProcessHarness('twelve-batches 250');
  const server = harness.start({ PHONOGRAPH_NUM_JOBS: '4' });
  const url = await server.url;
  await server.said('engine ready');
  const clients = Array.from({ length: Math.ceil(subscribers / subscriptionsPerSocket) }, () => wsClient(url));
  let items = 0;
  for (let count = 0; count < subscribers; count += 1) {
    const sink = {
      next: () => {
        items += 1;
      },
      error: () => undefined,
      complete: () => undefined,
    };
    clients[Math.floor(count / subscriptionsPerSocket)]?.subscribe({ query }, sink);
  }
  // Answered on the same sockets: the subscriptions before it stand.
  await Promise.all(clients.map((client) => Array.fromAsync(client.iterate({ query: '{ server { id } }' }))));
  const before = cpuMs(server.child.pid);
  const ids = await Promise.all(Array.from({ length: jobs }, () => submitTo(url)));
  const running = new AbortController();
  const worst = watchHealth(url, running.signal);
  for (const id of ids) await eventsOf(url, id);
  running.abort();
  const cost = { cpuMs: cpuMs(server.child.pid) - before, items, worstHealthMs: await worst };
  for (const client of clients) await client.dispose();
  return cost;
}

async function watchHealth(url: string, signal: AbortSignal): Promise<number> {
  let worst = 0;
  while (!signal.aborted) {
    const start = performance.now();
    await (await fetch(`${url}/health`)).text();
    worst = Math.max(worst, performance.now() - start);
    // Aborted: that is the end.
    await sleep(20, undefined, { signal }).catch(() => undefined);
  }
  return worst;
}

const nobody = await measure(0);
const [one, many] = [await measure(1), await measure(500)];
const perItem = (many.cpuMs - nobody.cpuMs) / many.items;
for (const [name, { cpuMs: ms, items, worstHealthMs }] of Object.entries({ nobody, one, '500': many })) {
  process.stdout.write(
    `${name.padEnd(8)} server CPU ${ms} ms   items ${items}   worst /health ${worstHealthMs.toFixed(0)} ms\n`,
  );
}
process.stdout.write(
  `CPU for an item ${(perItem * 1000).toFixed(0)} us   500 watch / nobody ${(many.cpuMs / nobody.cpuMs).toFixed(1)}\n`,
);
