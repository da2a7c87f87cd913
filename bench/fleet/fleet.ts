// What a fleet takes away from its workers, and how soon it takes up work: two API nodes and 1, 4 and 16 workers on a database in PostgreSQL, all on this machine, with
// engines that only wait. Prints figures beside a control each: npm run bench:fleet -- [--only efficiency,pick-up,subscribers,kills] [--workers 1,4,16] [--kills 20] [--pickUps 100]
// [--database postgresql://...]
// With no database one is started without fsync, as tests have it; one that is given must be empty, and is written to.
import { parseArgs } from 'node:util';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventsOf } from '#src/testing/follow.ts';
import { openPostgres } from '#src/testing/postgres.ts';
import { submitTo } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';
import { percentile } from '#src/testing/timing.ts';
import { followByWebSocket } from '../followers/follower.ts';
import { type BenchFleet, openAlone, openBenchFleet } from './nodes.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'efficiency,pick-up,subscribers,kills' },
    database: { type: 'string' },
    kills: { type: 'string', default: '20' },
    pickUps: { type: 'string', default: '100' },
    workers: { type: 'string', default: '1,4,16' },
  },
});
const kills = Number(values.kills);
const pickUps = Number(values.pickUps);
const sizes = values.workers.split(',').map(Number);
const isWanted = (part: string) => values.only.split(',').includes(part);
const say = (line: string) => process.stdout.write(`${line}\n`);
const told = (times: readonly number[], digits = 0) =>
  [0.5, 0.99].map((share) => percentile(times, share).toFixed(digits)).join(' / ');

const mutate = (url: string, name: string) =>
  ask(url, JSON.stringify({ query: `mutation { ${name} { __typename } }` }));
const submitSome = (url: string, count: number) => Promise.all(Array.from({ length: count }, () => submitTo(url)));

/** So many jobs a slot, each of so many batches, or up to as many more, one a second: short ones, since what is lost is lost between jobs. */
const [jobsEach, batches, spread] = [5, 4, 4];

/** The share of the time of all slots in which their engines were at it, from the moment that the queue goes on until the last job was begun. */
async function efficiency(fleet: BenchFleet, workers: number): Promise<number> {
  await fleet.scaleTo(workers);
  await fleet.plan(batches, 1000, spread);
  const [url = ''] = fleet.urls;
  await mutate(url, 'pauseQueue');
  const ids = await submitSome(url, workers * jobsEach);
  const start = performance.timeOrigin + performance.now();
  await mutate(url, 'resumeQueue');
  while (ids.some((id) => fleet.log.begins(id).length === 0)) await sleep(200);
  const took = ids.map((id) => fleet.log.took(id));
  const begun = ids.map((id) => fleet.log.begins(id)[0] ?? Number.NaN);
  const end = Math.max(...begun);
  await untilEnded(fleet, ids);
  const busy = took.reduce<number>((sum, ms, at) => sum + Math.min(ms ?? Infinity, end - (begun[at] ?? end)), 0);
  return busy / (workers * (end - start));
}

async function untilEnded(fleet: BenchFleet, ids: readonly string[]): Promise<void> {
  for (;;) {
    const rows = await fleet.ask('select distinct status, failure from job where id = any($1)', [ids]);
    if (rows.every(({ status }) => status === 'COMPLETED')) return;
    const failed = rows.find(({ status }) => status === 'FAILED');
    if (failed !== undefined) throw new Error(`a job is FAILED: ${String(failed['failure'])}`);
    await sleep(200);
  }
}

async function showEfficiency(fleet: BenchFleet): Promise<void> {
  say(
    `efficiency: ${jobsEach} jobs of ${batches} to ${batches + spread} s a worker, the time of the engines of that of the slots`,
  );
  let alone = 0;
  for (const workers of sizes) {
    const share = await efficiency(fleet, workers);
    alone ||= share;
    say(
      `  ${String(workers).padStart(2)} workers  ${(share * 100).toFixed(1)} %, ${(share / alone).toFixed(3)} of one`,
    );
  }
}

interface PickUp {
  /** From the answer to whoever added a job, to when an engine had it, in milliseconds. */
  readonly times: readonly number[];
  /** From when its row was written, before the answer. */
  readonly written: readonly number[];
}

/** One job after the other comes to workers that wait. */
async function pickUp(fleet: BenchFleet, workers: number): Promise<PickUp> {
  await fleet.scaleTo(workers);
  await fleet.plan(1, 0);
  const [times, written]: [number[], number[]] = [[], []];
  for (let round = 0; round < pickUps; round += 1) {
    while (fleet.log.waiting() < workers) await sleep(20);
    // The start of the engine before is over, and nobody is in step with anything.
    await sleep(50 + 50 * Math.random());
    const url = fleet.urls[round % 2] ?? '';
    const id = await submitTo(url);
    const answered = performance.timeOrigin + performance.now();
    await untilEnded(fleet, [id]);
    const [row] = await fleet.ask('select created_at from job where id = $1', [id]);
    const [begun = Number.NaN] = fleet.log.begins(id);
    times.push(begun - answered);
    written.push(begun - Number(row?.['created_at']));
  }
  return { times, written };
}

async function showPickUp(fleet: BenchFleet): Promise<void> {
  say(
    `pick-up: ${pickUps} jobs, one at a time, each from the answer to its client until an engine that waits has it; p50 / p99 ms`,
  );
  const control = await pickUpAlone();
  say(`  one server on a file  ${told(control)}`);
  for (const workers of sizes) {
    const { times, written } = await pickUp(fleet, workers);
    say(
      `  ${String(workers).padStart(2)} idle workers       ${told(times)}; from when its row was written ${told(written)}`,
    );
  }
}

/** The same with one server that does all by itself. */
async function pickUpAlone(): Promise<readonly number[]> {
  await using server = await openAlone();
  await server.plan(1, 0);
  const times: number[] = [];
  for (let round = 0; round < pickUps; round += 1) {
    while (server.log.waiting() < 1) await sleep(20);
    await sleep(50 + 50 * Math.random());
    const id = await submitTo(server.url);
    const answered = performance.timeOrigin + performance.now();
    await eventsOf(server.url, id);
    times.push((server.log.begins(id)[0] ?? Number.NaN) - answered);
  }
  return times;
}

const [subscribers, followed] = [1000, { batches: 24, pauseMs: 500 }];
const query = `subscription ($id: ID!) {
  jobEvents(id: $id) { __typename seq ... on JobProgressed { progress { fraction } } ... on JobSegmentsAdded { segments { index text } } }
}`;

/** So many follow one job by all addresses, from its first event to its last: how long after the engine has said them segments come. */
async function follow(fleet: BenchFleet, urls: readonly string[], count: number): Promise<readonly number[]> {
  await fleet.plan(followed.batches, followed.pauseMs);
  await mutate(urls[0] ?? '', 'pauseQueue');
  const id = await submitTo(urls[0] ?? '');
  const seqs = Array.from({ length: count }, () => 0);
  const [delays, errors, sockets]: [number[], string[], Socket[]] = [[], [], []];
  let isOver = false;
  for (let index = 0; index < count; index += 1) {
    const tell = (message: string) => {
      const seq = Number(/"seq":(?<seq>\d+)/u.exec(message)?.groups?.['seq']);
      if (seq !== (seqs[index] ?? 0) + 1) errors.push(`${seq} after ${seqs[index]}`);
      seqs[index] = seq;
      const said = /@(?<at>[\d.]+)@/u.exec(message)?.groups?.['at'];
      if (said !== undefined) delays.push(performance.timeOrigin + performance.now() - Number(said));
    };
    // A subscription is over when the job is.
    const fail = (error: unknown) => isOver || String(error).includes('"complete"') || errors.push(String(error));
    const url = urls[index % urls.length] ?? '';
    sockets.push(followByWebSocket({ url, query, variables: { id }, tell, fail }));
  }
  while (seqs.some((seq) => seq < 1)) await sleep(50);
  await mutate(urls[0] ?? '', 'resumeQueue');
  await untilEnded(fleet, [id]);
  const [{ last } = {}] = await fleet.ask('select event_seq as last from job where id = $1', [id]);
  const deadline = performance.now() + 30_000;
  while (seqs.some((seq) => seq < Number(last)) && performance.now() < deadline) await sleep(20);
  isOver = true;
  for (const socket of sockets) socket.destroy();
  const missing = seqs.filter((seq) => seq !== Number(last)).length;
  if (missing > 0 || errors.length > 0)
    throw new Error(`${missing} of ${count} miss events; ${errors.slice(0, 3).join(', ')}`);
  return delays;
}

async function showSubscribers(fleet: BenchFleet): Promise<void> {
  await fleet.scaleTo(1);
  const [one = '', other = ''] = fleet.urls;
  say(
    `subscribers: a job of ${followed.batches} batches, two a second, each segment from the engine to the client; p50 / p99 ms`,
  );
  say(`  1 on one API node       ${told(await follow(fleet, [one], 1))}`);
  say(`  ${subscribers} on one API node    ${told(await follow(fleet, [one], subscribers))}; none misses an event`);
  say(
    `  ${subscribers} on two API nodes   ${told(await follow(fleet, [one, other], subscribers))}; none misses an event`,
  );
}

/** So many workers are killed at a time, and as many wait. */
const killedAtOnce = 4;

/** How long it takes from the end of a worker to the begin of its job's next attempt elsewhere, in seconds. */
async function takeOver(fleet: BenchFleet, signal: 'SIGKILL' | 'SIGTERM', count: number): Promise<readonly number[]> {
  const [url = ''] = fleet.urls;
  await fleet.plan(3600, 1000);
  const seconds: number[] = [];
  while (seconds.length < count) {
    const atOnce = Math.min(killedAtOnce, count - seconds.length);
    await fleet.scaleTo(2 * killedAtOnce);
    const ids = await submitSome(url, atOnce);
    while (ids.some((id) => fleet.log.begins(id).length === 0)) await sleep(20);
    // Leases are renewed at any time before the end.
    const times = await Promise.all(ids.map((id) => endWorkerOf(fleet, id, signal)));
    seconds.push(...times);
    // A worker has its next engine started when the first words of a job are out.
    while (fleet.log.waiting() < fleet.workers.length) await sleep(50);
    await Promise.all(ids.map((id) => mutate(url, `cancel(id: "${id}")`)));
    while ((await fleet.ask("select 1 from job where status = 'WORKING'")).length > 0) await sleep(100);
  }
  return seconds;
}

async function endWorkerOf(fleet: BenchFleet, id: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<number> {
  await sleep(3000 * Math.random());
  const [row] = await fleet.ask('select worker from attempt where job_id = $1 order by number desc limit 1', [id]);
  const worker = fleet.workers.find(({ pid }) => String(row?.['worker']).endsWith(`:${pid}`));
  if (worker === undefined) throw new Error('the worker of a job is not known');
  const start = performance.timeOrigin + performance.now();
  fleet.end(worker, signal);
  for (;;) {
    const [, second] = fleet.log.begins(id);
    if (second !== undefined) return (second - start) / 1000;
    await sleep(20);
  }
}

const shown = (times: readonly number[]) => `${percentile(times, 0.5).toFixed(1)}, ${Math.max(...times).toFixed(1)}`;

async function showKills(fleet: BenchFleet): Promise<void> {
  say('take-over: from the end of a worker to the begin of its job elsewhere, with leaseSeconds 10; median, most, s');
  say(`  ${killedAtOnce} stopped in order  ${shown(await takeOver(fleet, 'SIGTERM', killedAtOnce))}`);
  say(`  ${kills} killed with -9    ${shown(await takeOver(fleet, 'SIGKILL', kills))}`);
}

await using postgres = values.database === undefined ? await openPostgres() : null;
const database = values.database ?? (await postgres?.create()) ?? '';
say(
  `two API nodes on PostgreSQL ${postgres === null ? 'as given' : 'without fsync'}, workers with one slot and engines that only wait, on this machine`,
);
{
  await using fleet = await openBenchFleet(database);
  if (isWanted('efficiency')) await showEfficiency(fleet);
  if (isWanted('pick-up')) await showPickUp(fleet);
  if (isWanted('subscribers')) await showSubscribers(fleet);
  if (isWanted('kills')) await showKills(fleet);
}
