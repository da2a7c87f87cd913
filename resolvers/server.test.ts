import assert from 'node:assert/strict';
import { cpus, hostname, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fixture } from '#runner/fixtures/harness.ts';
import { gpuReader } from '#runner/gpu.ts';
import { readConfig } from '#src/config/config.ts';
import { openHost } from '#src/operations/host.ts';
import { openServerReader } from '#src/operations/server-status.ts';
import { added, claimed } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';
import { openTestServer } from '#src/testing/server.ts';
import { watchServer } from './server.ts';

const engine = {
  ready: true,
  engine: '2',
  fasterWhisper: '1.2.1',
  ctranslate2: '4.8.5',
  python: '3.11.9',
  confined: ['network', 'files'],
  problem: null,
};
const health = { version: '1', startedAt: new Date(0), status: 'READY', engine, problems: [] } as const;

/** A server whose readings of the machine and of the queue are counted. */
async function openReadings() {
  const stack = new AsyncDisposableStack();
  const counted = { host: 0, gpus: 0, queue: 0 };
  const store = stack.use(await openStore({ database: ':memory:' }));
  const host = stack.use(openHost(tmpdir()));
  const readGpus = gpuReader(fixture('nvidia-smi'));
  const settings = { current: () => ({ numJobs: 3, paused: false }) as never };
  const serverReader = openServerReader({
    keys: { areNeeded: () => false },
    health,
    settings,
    config: readConfig(join(import.meta.dirname, '..'), {}),
    store: { ...store, queueCounts: () => ((counted.queue += 1), store.queueCounts()) },
    readHost: () => ((counted.host += 1), host.read()),
    readGpus: () => ((counted.gpus += 1), readGpus()),
    countStandby: () => 1,
  });
  return { store, serverReader, counted, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('50 who watch read the machine once at each moment, and nobody does when they have left', async () => {
  await using opened = await openReadings();
  const { counted, serverReader } = opened;
  const watchers = Array.from({ length: 50 }, () => watchServer({ intervalSeconds: 1 }, { serverReader }));
  const first = await Promise.all(watchers.map((watcher) => watcher.next()));
  assert.deepEqual(counted, { host: 1, gpus: 1, queue: 50 });
  assert.ok(first.every(({ value }) => value?.gpus.length === 2));
  for (let moment = 2; moment <= 3; moment += 1) {
    const readings = await Promise.all(watchers.map((watcher) => watcher.next()));
    assert.equal(new Set(readings.map(({ value }) => value)).size, 1, 'all are told the same');
    assert.deepEqual(counted, { host: moment, gpus: moment, queue: 48 + moment + 1 });
  }
  const waiting = watchers.map((watcher) => watcher.next());
  await Promise.all(watchers.map((watcher) => watcher.return()));
  assert.ok((await Promise.all(waiting)).every(({ done }) => done === true));
  assert.equal(counted.host, 3);
});

test('a first reading tells the queue as it is now, also right after another', async () => {
  await using opened = await openReadings();
  const { store, serverReader } = opened;
  const queued = async () => (await watchServer({ intervalSeconds: 60 }, { serverReader }).next()).value?.queue;
  assert.deepEqual(await queued(), { queued: 0, working: 0, oldestQueuedAt: null, slots: 3, paused: false });
  const { createdAt } = await added(store);
  await added(store);
  assert.deepEqual(await queued(), { queued: 2, working: 0, oldestQueuedAt: createdAt, slots: 3, paused: false });
  await claimed(store);
  assert.equal((await queued())?.working, 1);
});

test('readers that come often are told of the same time, and of no less than half a second', async () => {
  using host = openHost(tmpdir());
  const busyOf = () => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const totalOf = () => cpus().reduce((sum, { times }) => sum + times.idle, 0) + busyOf();
  const [start, busy, total] = [performance.now(), busyOf(), totalOf()];
  while (performance.now() - start < 700) Math.sqrt(start); // One core is busy.
  const readings = [await host.read(), await host.read(), await host.read()];
  const share = (busyOf() - busy) / (totalOf() - total);
  for (const { cpu } of readings) {
    assert.equal(cpu.utilization, readings[0]?.cpu.utilization);
    assert.ok(Math.abs(cpu.utilization - share) < 0.2, `${cpu.utilization} was told, it was ${share}`);
    assert.ok(cpu.utilization > 0 && cpu.utilization <= 1);
  }
});

test('the server tells all of itself, and an interval out of range is BAD_USER_INPUT', async () => {
  await using server = await openTestServer();
  const { data } = await server.ask(`{ server {
    id version startedAt uptimeSeconds status cpu { cores utilization model } memory { totalBytes usedBytes } disk { totalBytes freeBytes }
    gpus { index name memoryTotalBytes memoryUsedBytes utilization temperatureCelsius }
    queue { queued working slots paused oldestQueuedSeconds } engine { ready fasterWhisper ctranslate2 python standby problem }
  } }`);
  const { cpu, memory, disk, queue, ...told } = data.server;
  assert.deepEqual([told.id, told.version], ['server', '0.0.0-test']);
  assert.ok(told.uptimeSeconds >= 0 && Date.parse(told.startedAt) <= Date.now());
  assert.ok(cpu.cores >= 1 && cpu.utilization >= 0 && cpu.utilization <= 1 && cpu.model.length > 0);
  assert.ok(memory.totalBytes === totalmem() && memory.usedBytes > 0 && memory.usedBytes < memory.totalBytes);
  assert.ok(disk.freeBytes > 0 && disk.freeBytes <= disk.totalBytes);
  assert.deepEqual(queue, { queued: 0, working: 0, slots: 1, paused: false, oldestQueuedSeconds: null });
  for (const intervalSeconds of [0, 61, -1]) {
    const query = `subscription { serverStatus(intervalSeconds: ${intervalSeconds}) { id } }`;
    const response = await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream' },
    });
    assert.match(await response.text(), /BAD_USER_INPUT/u);
  }
});

test('a single machine has one worker, which cannot be drained', async () => {
  await using server = await openTestServer();
  const read = async () => {
    const fields = 'id name version status slots working devices startedAt seenAt';
    return (await server.ask(`{ server { workers { ${fields} } } }`)).data.server.workers;
  };
  while ((await read()).length === 0) await setTimeout(20);
  const [worker, ...others] = await read();
  const { id, startedAt, seenAt, ...told } = worker;
  const name = `${hostname()}:${process.pid}`;
  assert.deepEqual([told.name, told.version, told.status], [name, '0.0.0-test', 'READY']);
  assert.deepEqual([told.slots, told.working, told.devices[0]], [1, 0, 'cpu']);
  assert.ok(Date.parse(startedAt) <= Date.parse(seenAt));
  assert.deepEqual(others, []);
  for (const [asked, message] of [
    [id, 'It is the only worker of this machine.'],
    ['unknown', 'There is no worker with this id.'],
  ]) {
    const { errors } = await server.ask(`mutation { drainWorker(id: "${asked}") { id } }`);
    assert.deepEqual([errors?.[0]?.message, errors?.[0]?.extensions?.code], [message, 'BAD_USER_INPUT']);
  }
});
