import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endTogether } from '../breaking-line.ts';
import { openProcessHarness, type ProcessHarness, type ServerProcess } from '../process.ts';

/** A process of a fleet, which is killed and started again under the same name. */
export interface FleetNode {
  readonly role: 'api' | 'worker';
  /** The process that runs now. */
  readonly process: () => ServerProcess;
  /** Kills it with -9, and starts the next one without waiting for it to listen. */
  kill(): Promise<void>;
  /** Stops it for so long, as a machine that swaps does, and lets it go on. */
  freeze(ms: number): Promise<void>;
  /** Has all that goes between it and its database be held for so long, without a word to either. */
  holdLine(ms: number): Promise<void>;
  /** Its line to the database. */
  readonly line: Line;
}

/** Two processes or more that share a database. */
export interface Fleet extends AsyncDisposable {
  readonly harness: ProcessHarness;
  readonly nodes: readonly FleetNode[];
  /** Of a balancer before the API nodes, which passes over those that are not there. */
  readonly url: string;
  /** Rejects where a node ends that nobody has ended. */
  readonly died: Promise<never>;
  /** Ends all of them in order; what they said on stderr, and their exit codes. */
  stop(): Promise<readonly { readonly code: number | null; readonly stderr: string }[]>;
}

/** What a fleet is made of. */
export interface FleetOptions {
  /** Name of a fixture, or null for the real engine. */
  readonly engine: string | null;
  readonly api: number;
  readonly workers: number;
  /** The folder of the socket of its database, and the name of that. */
  readonly sockets: string;
  readonly database: string;
  /** Variables of each node, by its number among all of them. */
  readonly environmentOf?: (node: number, role: FleetNode['role']) => Readonly<Record<string, string>>;
}

/** Starts a fleet, and waits until all of it listens. */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const harness = stack.use(await openProcessHarness(options.engine));
  const { promise: died, reject } = Promise.withResolvers<never>();
  died.catch(() => undefined);
  const ending = new Set<ServerProcess>();
  const roles = [
    ...Array.from({ length: options.api }, () => 'api' as const),
    ...Array.from({ length: options.workers }, () => 'worker' as const),
  ];
  async function watch(started: ServerProcess): Promise<void> {
    const { code, stderr } = await started.ended;
    if (!ending.has(started)) reject(new Error(`a node ended by itself with ${code}: ${stderr}`));
  }
  async function openNode(role: FleetNode['role'], number: number): Promise<FleetNode> {
    const line = stack.use(await openLine(options.sockets, join(harness.directory, `line-${number}`)));
    const environment = {
      PHONOGRAPH_DATABASE_URL: `postgresql://localhost/${options.database}?user=postgres&host=${encodeURIComponent(line.folder)}`,
      PHONOGRAPH_DATA_DIRECTORY: join(harness.directory, `data-${number}`),
      PHONOGRAPH_LOG_LEVEL: 'info',
      ...options.environmentOf?.(number, role),
    };
    const start = (): ServerProcess => {
      const started = harness.start(environment, role);
      watch(started).catch(reject);
      return started;
    };
    let running = start();
    return {
      role,
      line,
      process: () => running,
      async kill() {
        ending.add(running);
        running.child.kill('SIGKILL');
        await running.ended;
        running = start();
      },
      async freeze(ms) {
        const { child } = running;
        child.kill('SIGSTOP');
        await sleep(ms);
        child.kill('SIGCONT');
      },
      async holdLine(ms) {
        line.hold();
        await sleep(ms);
        line.release();
      },
    };
  }
  const nodes: FleetNode[] = [];
  for (const [number, role] of roles.entries()) nodes.push(await openNode(role, number));
  await Promise.race([Promise.all(nodes.map((node) => node.process().url)), died]);
  const balancer = stack.use(await openBalancer(() => nodes.filter(({ role }) => role === 'api')));
  const owned = stack.move();
  return {
    harness,
    nodes,
    url: balancer.url,
    died,
    async stop() {
      // One that is about to start would not end in order.
      await Promise.race([Promise.all(nodes.map((node) => node.process().url)), died]);
      return Promise.all(
        nodes.map((node) => {
          const running = node.process();
          ending.add(running);
          running.child.kill('SIGTERM');
          return running.ended;
        }),
      );
    },
    async [Symbol.asyncDispose]() {
      for (const node of nodes) ending.add(node.process());
      await owned.disposeAsync();
    },
  };
}

/** A line to a server that can be held, so that whatever is on its way is neither delivered nor refused, and be led to another server. */
interface Line extends AsyncDisposable {
  /** Where its own socket is. */
  readonly folder: string;
  hold(): void;
  release(): void;
  /** Leads new connections to the socket in another folder, and ends those that are there. */
  redirect(target: string): void;
}

/** How PostgreSQL calls its socket. */
const socketName = '.s.PGSQL.5432';

/** Lays a line from a socket in a new folder to that in another folder. */
async function openLine(target: string, folder: string): Promise<Line> {
  await mkdir(folder);
  let [to, isHeld] = [join(target, socketName), false];
  const open = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (near) => {
    const far = connect(to);
    endTogether(near, far, open);
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      end.on('data', (bytes) => other.write(bytes));
      if (isHeld) end.pause();
      else end.resume();
    }
  });
  server.listen(join(folder, socketName));
  await once(server, 'listening');
  return {
    folder,
    hold() {
      isHeld = true;
      for (const socket of open) socket.pause();
    },
    release() {
      isHeld = false;
      for (const socket of open) socket.resume();
    },
    redirect(next) {
      to = join(next, socketName);
      for (const socket of open) socket.destroy();
    },
    [Symbol.asyncDispose]: () => closeAll(server, open),
  };
}

/** A balancer that gives each connection to the next API node that takes it. */
async function openBalancer(nodes: () => readonly FleetNode[]): Promise<AsyncDisposable & { readonly url: string }> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer((near) => {
    open.add(near);
    // A client or a node that is gone is what this is about.
    near.on('error', () => undefined).once('close', () => open.delete(near));
    reach(near).catch(() => near.destroy());
  });
  async function reach(near: Socket): Promise<void> {
    const all = nodes();
    turn += 1;
    for (const node of [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)]) {
      const url = await Promise.race([node.process().url, Promise.resolve(null)]);
      const far = url === null ? null : await connected(Number(new URL(url).port));
      if (far === null) continue;
      far.on('error', () => undefined).once('close', () => near.destroy());
      near.once('close', () => far.destroy());
      near.pipe(far);
      far.pipe(near);
      return;
    }
    near.destroy();
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the balancer has no port');
  return { url: `http://127.0.0.1:${address.port}`, [Symbol.asyncDispose]: () => closeAll(server, open) };
}

/** A connection to a port of this machine; null where nobody listens. */
function connected(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket)).once('error', () => resolve(null));
  });
}

async function closeAll(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of open) socket.destroy();
  await closed;
}
