import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CommandError, exitCodes } from './errors.ts';

export const root = join(import.meta.dirname, '../..');

/** The server stops in order within 15 s; one that does not is ended. */
export const stopMs = 20_000;

const keptLines = 15;

/** A server that lives as long as this program; disposing of it stops it. */
export interface OwnServer extends AsyncDisposable {
  readonly url: string;
  /** Aborts when the server ends by itself, with its last lines as the reason. */
  readonly ended: AbortSignal;
}

/** Starts src/main.ts with these settings and waits until it listens. Throws a CommandError where it ends before. */
export async function startOwnServer(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<OwnServer> {
  await using stack = new AsyncDisposableStack();
  // In a process group of its own a Ctrl-C reaches it once, through us.
  const child = spawnMain([], { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], environment });
  stack.defer(() => stopChild(child));
  const { listening, ended } = watch(child);
  const url = await Promise.race([listening, rejection(AbortSignal.any([signal, ended]))]);
  const owned = stack.move();
  return { url, ended, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Runs a command of src/main.ts at this terminal to its end. Answers its exit code. */
export async function runMain(args: readonly string[]): Promise<number> {
  const child = spawnMain(args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], environment: process.env });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // At a terminal Ctrl-C has reached it already.
    process.on(name, () => (name === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(name)));
  }
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : exitCodes.failed;
}

interface Spawning {
  readonly stdio: ('ignore' | 'inherit' | 'pipe' | 'ipc')[];
  readonly detached?: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

/** With a lifeline: should this program be killed, the server stops too. */
function spawnMain(args: readonly string[], { stdio, detached = false, environment }: Spawning): ChildProcess {
  const lifeline = new URL('../../src/setup/lifeline.mjs', import.meta.url).href;
  const options = ['--max-semi-space-size=16', '--import', lifeline];
  return spawn(process.execPath, [...options, join(root, 'src/main.ts'), ...args], {
    cwd: detached ? root : process.cwd(),
    detached,
    stdio,
    env: environment,
  });
}

function watch(child: ChildProcess): { readonly listening: Promise<string>; readonly ended: AbortSignal } {
  const { promise: listening, resolve } = Promise.withResolvers<string>();
  const controller = new AbortController();
  const tail: string[] = [];
  const keep = (line: string): void => {
    tail.push(line);
    if (tail.length > keptLines) tail.shift();
  };
  const said: string[] = [];
  if (child.stderr !== null)
    createInterface({ input: child.stderr }).on('line', (line) => said.push(line) && keep(line));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line);
      const url = listeningUrl(line);
      if (url !== null) resolve(url);
    });
  }
  child.once('error', (error) => controller.abort(error));
  child.once('close', (code, by) => {
    const how = by ?? `exit code ${code}`;
    // What it said to a person is enough; its log only where it said nothing.
    const last = (said.length > 0 ? said : tail).join('\n');
    const exitCode = code === exitCodes.configuration ? exitCodes.configuration : exitCodes.unavailable;
    controller.abort(new CommandError(`the server ended (${how}).\n${last}`, exitCode));
  });
  return { listening, ended: controller.signal };
}

/** The server tells its address in a log line: one JSON object. */
function listeningUrl(line: string): string | null {
  if (!line.includes('"server listening"')) return null;
  const { url }: { url?: unknown } = JSON.parse(line);
  return typeof url === 'string' ? url : null;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await once(child, 'close');
  clearTimeout(timer);
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}
