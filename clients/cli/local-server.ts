import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../..');

/** The server stops in order within 15 s; one that does not is ended. */
const stopMs = 20_000;

const keptLines = 15;

/** A server with settings, port and data of its own; disposing of it stops it and removes its data. */
export interface DemoServer extends AsyncDisposable {
  readonly url: string;
  /** Aborts when the server ends by itself, with its last lines as the reason. */
  readonly ended: AbortSignal;
}

export async function startDemoServer(signal: AbortSignal): Promise<DemoServer> {
  await using stack = new AsyncDisposableStack();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'phonograph-demo-'));
  stack.defer(() => rm(dataDirectory, { recursive: true, force: true }));
  const child = launch(dataDirectory);
  stack.defer(() => stopChild(child));
  const { listening, ended } = watch(child);
  const url = await Promise.race([listening, rejection(AbortSignal.any([signal, ended]))]);
  const owned = stack.move();
  return { url, ended, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What of the user's settings counts for the demo too. */
const kept = new Set(['PHONOGRAPH_CONFIG', 'PHONOGRAPH_MODEL_DIRECTORY', 'PHONOGRAPH_COMPUTE_POWER']);

/** With a lifeline: should the demo be killed, the server stops too. */
function launch(dataDirectory: string): ChildProcess {
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('PHONOGRAPH_') || kept.has(name));
  const lifeline = new URL('../../src/setup/lifeline.mjs', import.meta.url).href;
  return spawn(process.execPath, ['--max-semi-space-size=16', '--import', lifeline, join(root, 'src/main.ts')], {
    cwd: root,
    // In a process group of its own a Ctrl-C reaches it once, through us.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...Object.fromEntries(environment),
      PHONOGRAPH_LISTEN_HOST: '127.0.0.1',
      PHONOGRAPH_ALLOWED_HOSTS: '',
      PHONOGRAPH_API_KEYS: '',
      PHONOGRAPH_LISTEN_PORT: '0',
      PHONOGRAPH_DATA_DIRECTORY: dataDirectory,
      PHONOGRAPH_MEDIA_ROOTS: join(root, 'samples'),
      PHONOGRAPH_LOG_LEVEL: 'info',
    },
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
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', keep);
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line);
      const url = listeningUrl(line);
      if (url !== null) resolve(url);
    });
  }
  child.once('error', (error) => controller.abort(error));
  child.once('close', (code, by) => {
    controller.abort(new Error(`the server ended (${by ?? `exit code ${code}`}). Its last lines:\n${tail.join('\n')}`));
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
