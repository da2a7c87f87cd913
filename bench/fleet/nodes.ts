import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { openProcessHarness, type ProcessHarness, type ServerProcess } from '#src/testing/process.ts';

/** A worker, and the name by which attempts know it. */
interface WorkerNode {
  readonly process: ServerProcess;
  readonly pid: number;
}

/** Nodes on one database, whose engines wait and do nothing else. */
export interface BenchFleet extends AsyncDisposable {
  /** Of the API nodes. */
  readonly urls: readonly string[];
  readonly workers: readonly WorkerNode[];
  readonly log: EngineLog;
  /** Starts workers, or kills some, until there are so many, and waits until each has an engine that waits. */
  scaleTo(count: number): Promise<void>;
  /** Ends a worker; the next `scaleTo` starts another. */
  readonly end: (worker: WorkerNode, signal: NodeJS.Signals) => void;
  /** How long jobs take from now on: so many batches, and up to `spread` more. */
  plan(batches: number, pauseMs: number, spread?: number): Promise<void>;
  ask(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

/** What the engines have told, with the time by the machine's clock, in milliseconds. */
interface EngineLog {
  /** When a job was begun, once for each attempt. */
  begins(job: string): readonly number[];
  /** How long an engine was at a job, but for what the machine took; null where it is still at it. */
  took(job: string): number | null;
  /** How many engines wait for a job now. */
  waiting(): number;
}

/** So few are enough for a worker with one slot: docs/fleet.md. */
const workerConnections = '3';

/** What every node has: one slot, and an engine that waits for the next job. */
const settings = {
  PHONOGRAPH_STANDBY: '1',
  PHONOGRAPH_SLOTS: '1',
  PHONOGRAPH_LOG_LEVEL: 'info',
  PHONOGRAPH_MAX_SUBSCRIPTIONS_PER_CALLER: '20000',
  PHONOGRAPH_MAX_SOCKETS_PER_ADDRESS: '20000',
  PHONOGRAPH_MAX_REQUESTS_PER_MINUTE: '1000000',
};

/** A harness whose engines wait, with the command that starts them. */
async function openWaitingHarness() {
  const harness = await openProcessHarness('simulates');
  const { PHONOGRAPH_ENGINE_COMMAND: command = '' } = harness.environment;
  const plan: BenchFleet['plan'] = (batches, pauseMs, spread = 0) =>
    writeFile(join(harness.directory, 'plan.json'), JSON.stringify({ batches, pauseMs, spread }));
  const common = { ...settings, PHONOGRAPH_ENGINE_COMMAND: `${command} ${harness.directory}` };
  return { harness, common, plan, log: openEngineLog(harness) };
}

/** Starts one server that does all by itself, on a file. */
export async function openAlone() {
  await using stack = new AsyncDisposableStack();
  const { harness, common, plan, log } = await openWaitingHarness();
  stack.use(harness);
  const url = await harness.start(common).url;
  const owned = stack.move();
  return { url, plan, log, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts two API nodes on a database. */
export async function openBenchFleet(database: string): Promise<BenchFleet> {
  await using stack = new AsyncDisposableStack();
  const { harness, common, plan, log } = await openWaitingHarness();
  stack.use(harness);
  const client = new Client({ connectionString: database });
  await client.connect();
  stack.defer(() => client.end());
  let nodes = 0;
  const start = (role: 'api' | 'worker'): ServerProcess =>
    harness.start(
      {
        ...common,
        PHONOGRAPH_DATABASE_URL: database,
        PHONOGRAPH_DATA_DIRECTORY: join(harness.directory, `data-${(nodes += 1)}`),
        ...(role === 'worker' ? { PHONOGRAPH_DATABASE_CONNECTIONS: workerConnections } : {}),
      },
      role,
    );
  const urls = [await start('api').url, await start('api').url];
  let workers: WorkerNode[] = [];
  const end = (worker: WorkerNode, signal: NodeJS.Signals) => {
    worker.process.child.kill(signal);
    workers = workers.filter((each) => each !== worker);
  };
  const owned = stack.move();
  return {
    urls,
    log,
    plan,
    get workers() {
      return workers;
    },
    async scaleTo(count) {
      for (const surplus of workers.slice(count)) end(surplus, 'SIGTERM');
      // A few at a time: each takes a core for a second or two.
      while (workers.length < count) {
        const process = start('worker');
        await process.url;
        workers.push({ process, pid: process.child.pid ?? 0 });
      }
      while (log.waiting() < count) await sleep(50);
    },
    end,
    ask: async (text, values = []) => (await client.query<Record<string, unknown>>(text, [...values])).rows,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function openEngineLog({ directory }: ProcessHarness): EngineLog {
  const lines = () => {
    try {
      return readFileSync(join(directory, 'log'), 'utf8')
        .split('\n')
        .map((line) => line.split(' '));
    } catch {
      return []; // No engine has said anything yet.
    }
  };
  return {
    begins: (job) => lines().flatMap(([what, , time, of]) => (what === 'begins' && of === job ? [Number(time)] : [])),
    took(job) {
      const ended = lines().find(([what, , , of]) => what === 'ends' && of === job);
      return ended === undefined ? null : Number(ended[4]);
    },
    waiting() {
      const pids = new Set<string>();
      for (const [what, pid = ''] of lines()) {
        if (what === 'waits') pids.add(pid);
        else pids.delete(pid);
      }
      return [...pids].filter(isAlive).length;
    },
  };
}

function isAlive(pid: string): boolean {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}
