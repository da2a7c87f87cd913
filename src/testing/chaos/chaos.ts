import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeRecording } from '../recordings.ts';
import { checkAll, type Expected, transcriptOf } from './check.ts';
import { liveThrough, type Story } from './client.ts';
import { openRandom, type Random } from './random.ts';
import { type KillableServer, openKillableServer } from './server.ts';

/** How much chaos. */
export interface ChaosOptions {
  /** Name of a fixture, or null for the real engine. */
  readonly engine: string | null;
  /** Paths of the recordings that are transcribed. */
  readonly recordings: readonly string[];
  readonly rounds: number;
  readonly seed: number;
  /** Longest pause before a kill. */
  readonly maxPauseMs: number;
  readonly tell?: (line: string) => void;
}

/** What was done, and came out right. */
export interface ChaosReport {
  readonly kills: Readonly<Record<Victim, number>>;
  readonly jobs: number;
  readonly events: number;
  readonly cancelled: number;
  readonly attempts: number;
  readonly worstOutlivedMs: number;
}

type Victim = 'server' | 'engine' | 'both';
const victims: readonly Victim[] = ['server', 'engine', 'both'];
const clients = 4;

/**
 * Kills a server, its engines or both at random moments, while clients submit, follow and cancel jobs through it all; then proves that nothing
 * that was acknowledged is lost, nothing came twice, and every transcript is what an undisturbed server makes of the same recording.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await openKillableServer(options.engine));
  const names = options.recordings.map((path) => basename(path));
  await Promise.all(options.recordings.map((path) => placeRecording(path, join(server.harness.media, basename(path)))));
  const random = openRandom(options.seed);
  const [done, over] = [new AbortController(), new AbortController()];
  // Whatever ends this early ends the clients too, which would else ask a server that is gone for ever.
  stack.defer(() => over.abort());
  const lives = { server, names, random, pulse: openPulse(), signal: over.signal };
  const expected = await Promise.race([undisturbed(lives), server.died]);
  const work = Array.from({ length: clients }, (_, client) => liveOn(lives, { client, done: done.signal }));
  const lived = Promise.all(work);
  // A client that fails ends the killing.
  const failed = Promise.race([server.died, lived.then(() => new Promise<never>(() => undefined))]);
  const kills = await Promise.race([killOn(lives, options), failed]);
  done.abort();
  const stories = (await Promise.race([lived, server.died])).flat();
  return { kills, ...(await checkAll(server, stories, expected)), worstOutlivedMs: server.worstOutlivedMs() };
}

interface Lives {
  readonly server: KillableServer;
  readonly names: readonly string[];
  readonly random: Random;
  readonly pulse: Pulse;
  readonly signal: AbortSignal;
}

/** Each recording once, before anything is killed. */
async function undisturbed({ server, names, pulse, signal }: Lives): Promise<Expected> {
  const expected = new Map<string, string>();
  for (const recording of names) {
    const { url } = server;
    const wish = { url, recording, key: `undisturbed ${recording}`, cancelAfter: null, onEvent: pulse.beat, signal };
    const { id } = await liveThrough(wish);
    expected.set(recording, await transcriptOf(url, id));
  }
  return expected;
}

/** One client that has one job after the other; every eighth it cancels. */
async function liveOn(
  { server, names, random, pulse, signal }: Lives,
  { client, done }: { readonly client: number; readonly done: AbortSignal },
): Promise<readonly Story[]> {
  const stories: Story[] = [];
  while (!done.aborted) {
    const recording = random.pick(names) ?? '';
    const key = `${client}/${stories.length}`;
    const cancelAfter = random.below(8) < 1 ? 1 + Math.floor(random.below(8)) : null;
    const wish = { url: server.url, recording, key, cancelAfter, onEvent: pulse.beat, signal };
    stories.push(await liveThrough(wish));
  }
  return stories;
}

async function killOn({ server, random, pulse }: Lives, { rounds, maxPauseMs, tell }: ChaosOptions) {
  const kills: Record<Victim, number> = { server: 0, engine: 0, both: 0 };
  for (let round = 1; round <= rounds; round += 1) {
    // Three times of four something has happened since the last kill; else a start itself is hit, and recovery.
    if (random.below(4) > 1) await pulse.next();
    const pauseMs = random.below(maxPauseMs);
    await sleep(pauseMs);
    const victim = random.pick(victims) ?? 'both';
    if (victim !== 'server') server.killEngine((pids) => random.pick(pids));
    if (victim !== 'engine') await server.kill();
    kills[victim] += 1;
    tell?.(`${round}/${rounds} ${victim} after ${Math.round(pauseMs)} ms`);
  }
  return kills;
}

/** Tells that some client has heard something. */
interface Pulse {
  readonly beat: () => void;
  next(): Promise<void>;
}

function openPulse(): Pulse {
  let waiting = Promise.withResolvers<void>();
  return {
    beat() {
      waiting.resolve();
      waiting = Promise.withResolvers();
    },
    next: () => waiting.promise,
  };
}
