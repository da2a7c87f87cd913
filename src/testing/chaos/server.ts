import { setTimeout as sleep } from 'node:timers/promises';
import { openProcessHarness, type ProcessHarness, type ServerProcess } from '../process.ts';

/** A server that is killed and started again on the same data and the same port. */
export interface KillableServer extends AsyncDisposable {
  readonly harness: ProcessHarness;
  readonly url: string;
  /** Kills it, and starts the next one without waiting for it to listen. */
  kill(): Promise<void>;
  /** Kills one of its engines; false where none runs. */
  killEngine(pick: (pids: readonly number[]) => number | undefined): boolean;
  /** Rejects where a server ends that nobody has ended. */
  readonly died: Promise<never>;
  /** The longest that an engine has outlived its killed server so far. */
  worstOutlivedMs(): number;
  /** Ends it in order, and waits for the engines of those that were killed. */
  stop(): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Much longer than children may outlive their server: what is still there then stays. */
const goneMs = 20_000;

/** Starts a server with two slots, and other settings, whose engine is a fixture or, with null, the real one. */
export async function openKillableServer(
  engine: string | null,
  environment: Readonly<Record<string, string>> = {},
): Promise<KillableServer> {
  const harness = await openProcessHarness(engine);
  const settings = { PHONOGRAPH_NUM_JOBS: '2', PHONOGRAPH_LOG_LEVEL: 'info', ...environment };
  const { promise: died, reject } = Promise.withResolvers<never>();
  const ending = new Set<ServerProcess>();
  function start(variables: Readonly<Record<string, string>>): ServerProcess {
    const started = harness.start(variables);
    watch(started).catch(reject);
    return started;
  }
  async function watch(started: ServerProcess): Promise<void> {
    const { code, stderr } = await started.ended;
    if (!ending.has(started)) reject(new Error(`the server ended by itself with ${code}: ${stderr}`));
  }
  let running = start(settings);
  const url = await Promise.race([running.url, died]);
  const port = { ...settings, PHONOGRAPH_LISTEN_PORT: new URL(url).port };
  let worstMs = 0;
  const farewells: Promise<void>[] = [];
  async function watchLeave(engines: readonly number[]): Promise<void> {
    worstMs = Math.max(worstMs, await untilGone(harness, engines));
  }
  return {
    harness,
    url,
    async kill() {
      const engines = harness.children();
      ending.add(running);
      running.child.kill('SIGKILL');
      await running.ended;
      farewells.push(watchLeave(engines));
      running = start(port);
    },
    killEngine(pick) {
      const pid = pick(harness.children());
      if (pid === undefined) return false;
      return kill(pid);
    },
    died,
    worstOutlivedMs: () => worstMs,
    async stop() {
      await Promise.race([running.url, died]);
      ending.add(running);
      running.child.kill('SIGTERM');
      const ended = await running.ended;
      await Promise.all(farewells);
      return ended;
    },
    async [Symbol.asyncDispose]() {
      ending.add(running);
      await harness[Symbol.asyncDispose]();
    },
  };
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // It ended meanwhile.
  }
}

/** By the list of what runs: a killed process that nobody has collected yet has a number, but runs no more. */
async function untilGone(harness: ProcessHarness, pids: readonly number[]): Promise<number> {
  const start = performance.now();
  for (;;) {
    const left = harness.children().filter((pid) => pids.includes(pid));
    const ms = performance.now() - start;
    if (left.length === 0) return ms;
    if (ms > goneMs) throw new Error(`outlived their server: ${left.join(', ')}`);
    await sleep(20);
  }
}
