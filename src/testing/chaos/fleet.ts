import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askPostgres } from '../postgres.ts';
import { placeRecording } from '../recordings.ts';
import { checkStory, type Expected, transcriptOf } from './check.ts';
import { liveThrough, type Story } from './client.ts';
import { type Fleet, type FleetNode, openFleet } from './fleet-nodes.ts';
import { openPostgresPair, type PostgresPair } from './postgres-pair.ts';
import { openRandom, type Random } from './random.ts';

/** What befalls a fleet in a round. */
export type Mishap =
  | 'worker killed'
  | 'api killed'
  | 'worker frozen'
  | 'api frozen'
  | 'worker cut off'
  | 'api cut off'
  | 'database restarted'
  | 'database replaced';

/** How much chaos. */
export interface FleetChaosOptions {
  /** Name of a fixture, perhaps with its arguments, or null for the real engine. */
  readonly engine: string | null;
  /** Paths of the recordings that are transcribed. */
  readonly recordings: readonly string[];
  /** One a round, in this order. The database can be replaced once: its standby takes its place. */
  readonly mishaps: readonly Mishap[];
  readonly workers: number;
  /** Jobs that each of them runs at a time. */
  readonly slots: number;
  /** Nodes stand still, and are cut off from the database, for 1.6 times as long. */
  readonly leaseSeconds: number;
  readonly seed: number;
  /** Longest pause before a round. */
  readonly maxPauseMs: number;
  /** Whether each write of a worker proves its lease; where not, it must not come right. */
  readonly isFenced?: boolean;
  readonly tell?: (line: string) => void;
}

/** What was done, and came out right. */
export interface FleetChaosReport {
  readonly jobs: number;
  readonly cancelled: number;
  readonly events: number;
  readonly attempts: number;
  /** Of a job that runs when its worker is killed, until it runs elsewhere; in ascending order. */
  readonly movedMs: readonly number[];
  /** Attempts that another went on behind. */
  readonly interrupted: number;
}

const apiNodes = 2;
const mostClients = 6;
const outages = 1.6;

/**
 * Has things happen to a fleet of two API nodes and some workers, every other one of which never gives up a lease by itself, and two of three nodes with clocks an
 * hour off, while clients submit, follow and cancel jobs by whichever API node answers; then proves that every job is there and ends once, with events without a
 * gap and the transcript of an undisturbed run.
 */
export async function fleetChaos(options: FleetChaosOptions): Promise<FleetChaosReport> {
  await using stack = new AsyncDisposableStack();
  const pair = stack.use(await openPostgresPair(options.mishaps.includes('database replaced')));
  const fleet = stack.use(await openChaosFleet(pair, options));
  const names = options.recordings.map((path) => basename(path));
  await Promise.all(options.recordings.map((path) => placeRecording(path, join(fleet.harness.media, basename(path)))));
  const random = openRandom(options.seed);
  const [done, over] = [new AbortController(), new AbortController()];
  // Whatever ends this early ends the clients too, which would else ask a fleet that is gone for ever.
  stack.defer(() => over.abort());
  const lives = { fleet, names, random, signal: over.signal };
  const expected = await Promise.race([undisturbed(lives), fleet.died]);
  // Each has a slot, also where a worker is away.
  const clients = Math.min(mostClients, options.slots * (options.workers - 1));
  const lived = Promise.all(Array.from({ length: clients }, (_, client) => liveOn(lives, client, done.signal)));
  // A client that fails ends the rounds.
  const failed = Promise.race([fleet.died, lived.then(() => new Promise<never>(() => undefined))]);
  const kills = await Promise.race([befall(lives, pair, options), failed]);
  done.abort();
  const stories = (await Promise.race([lived, fleet.died])).flat();
  for (const story of stories) {
    await checkStory(fleet.url, story, expected);
    assert.equal(story.events.filter(({ status = '' }) => endings.has(status)).length, 1, 'it ends once');
  }
  for (const { code, stderr } of await fleet.stop()) assert.deepEqual([code, stderr], [0, '']);
  return {
    jobs: stories.length,
    cancelled: stories.filter(({ cancelled }) => cancelled).length,
    events: stories.reduce((sum, { events }) => sum + events.length, 0),
    ...(await checkDatabase(pair.address(), stories.length + expected.size, kills)),
  };
}

const endings = new Set(['COMPLETED', 'CANCELLED']);

async function openChaosFleet(pair: PostgresPair, options: FleetChaosOptions): Promise<Fleet> {
  const { engine, workers, slots, leaseSeconds, isFenced = true } = options;
  const clock = join(pair.directory, 'clock-');
  await Promise.all(clockHours.map((hours) => writeFile(`${clock}${hours}`, String(hours))));
  const preload = (name: string): string => join(import.meta.dirname, name);
  return openFleet({
    engine,
    api: apiNodes,
    workers,
    database: pair.database,
    sockets: pair.sockets(),
    environmentOf(node, role) {
      const loaded = [preload('../set-clock.ts')];
      if (role === 'worker' && !isFenced) loaded.push(preload('unfenced.ts'));
      else if (role === 'worker' && node % 2 === 0) loaded.push(preload('unwatched.ts'));
      return {
        SET_CLOCK_FILE: `${clock}${clockHours[node % clockHours.length]}`,
        NODE_OPTIONS: loaded.map((file) => `--import ${file}`).join(' '),
        PHONOGRAPH_NUM_JOBS: String(slots),
        PHONOGRAPH_LEASE_SECONDS: String(leaseSeconds),
        PHONOGRAPH_STANDBY: '0',
      };
    },
  });
}

/** The clocks of nodes, in turn: that of the database is the only one that counts. */
const clockHours = [0, 1, -1];

interface Lives {
  readonly fleet: Fleet;
  readonly names: readonly string[];
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Each recording once, by one worker, before anything happens. */
async function undisturbed({ fleet: { url }, names, signal }: Lives): Promise<Expected> {
  const expected = new Map<string, string>();
  for (const recording of names) {
    const key = `undisturbed ${recording}`;
    const { id } = await liveThrough({ url, recording, key, cancelAfter: null, onEvent: () => undefined, signal });
    expected.set(recording, await transcriptOf(url, id));
  }
  return expected;
}

/** One client that has one job after the other; every eighth it cancels. */
async function liveOn({ fleet: { url }, names, random, signal }: Lives, client: number, done: AbortSignal) {
  const stories: Story[] = [];
  while (!done.aborted) {
    const recording = random.pick(names) ?? '';
    const cancelAfter = random.below(8) < 1 ? 1 + Math.floor(random.below(8)) : null;
    const key = `${client}/${stories.length}`;
    stories.push(await liveThrough({ url, recording, key, cancelAfter, onEvent: () => undefined, signal }));
  }
  return stories;
}

/** The name of a worker that was killed, and when. */
interface Kill {
  readonly worker: string;
  readonly time: number;
}

async function befall(
  { fleet, random }: Lives,
  pair: PostgresPair,
  { mishaps: rounds, leaseSeconds, maxPauseMs, tell }: FleetChaosOptions,
): Promise<readonly Kill[]> {
  const kills: Kill[] = [];
  const outageMs = leaseSeconds * outages * 1000;
  const api = (): FleetNode => {
    const node = random.pick(fleet.nodes.filter(({ role }) => role === 'api'));
    assert.ok(node !== undefined);
    return node;
  };
  const worker = () => untilBusy(fleet, pair, random);
  const acts: Readonly<Record<Mishap, () => Promise<void>>> = {
    async 'worker killed'() {
      const node = await worker();
      kills.push({ worker: nameOf(node), time: Date.now() });
      await node.kill();
    },
    'api killed': () => api().kill(),
    'worker frozen': async () => (await worker()).freeze(outageMs),
    'api frozen': () => api().freeze(outageMs),
    'worker cut off': async () => (await worker()).holdLine(outageMs),
    'api cut off': () => api().holdLine(outageMs),
    'database restarted': () => pair.restart(),
    async 'database replaced'() {
      await pair.replace();
      for (const { line } of fleet.nodes) line.redirect(pair.sockets());
    },
  };
  for (const [round, mishap] of rounds.entries()) {
    const pauseMs = random.below(maxPauseMs);
    await sleep(pauseMs);
    await acts[mishap]();
    tell?.(`${round + 1}/${rounds.length} ${mishap} after ${Math.round(pauseMs)} ms`);
  }
  return kills;
}

/** A worker that runs a job; waits for one. */
async function untilBusy({ nodes }: Fleet, pair: PostgresPair, random: Random): Promise<FleetNode> {
  for (;;) {
    const rows = await askPostgres(pair.address(), 'select worker from attempt where finished_at is null');
    const busy = nodes.filter((node) => rows.some(({ worker }) => worker === nameOf(node)));
    const node = random.pick(busy);
    if (node !== undefined) return node;
    await sleep(20);
  }
}

/** How a worker is called in its attempts. */
function nameOf(node: FleetNode): string {
  return `${hostname()}:${node.process().child.pid}`;
}

/** Reads the database that is left. */
async function checkDatabase(address: string, jobs: number, kills: readonly Kill[]) {
  const number = async (text: string) =>
    Number((await askPostgres(address, `select (${text}) as value`))[0]?.['value']);
  assert.equal(await number('select count(*) from job'), jobs, 'no job twice, none lost');
  assert.equal(await number('select count(*) from attempt where finished_at is null'), 0);
  assert.equal(
    await number('select count(*) from job where event_seq <> (select count(*) from event where job_id = id)'),
    0,
  );
  const interrupted = await askPostgres(
    address,
    `select gone.worker, gone.started_at as began, next.started_at as moved from attempt gone
      left join attempt next on next.job_id = gone.job_id and next.number = gone.number + 1 where gone.outcome = 'INTERRUPTED'`,
  );
  const movedMs = interrupted.flatMap(({ worker, began, moved }) => {
    const kill = kills.find((each) => each.worker === worker && each.time > Number(began));
    return kill === undefined || moved === null ? [] : Number(moved) - kill.time;
  });
  return {
    attempts: await number('select count(*) from attempt'),
    interrupted: interrupted.length,
    movedMs: movedMs.toSorted((one, other) => one - other),
  };
}
