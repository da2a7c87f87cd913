import { randomInt } from 'node:crypto';
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeRecording } from './recordings.ts';
import { ask } from './server.ts';

const root = join(import.meta.dirname, '../..');

/** Folders for servers that run as processes of their own, one after the other. */
export interface ProcessHarness extends AsyncDisposable {
  readonly directory: string;
  /** Its media root; speech.wav lies in it. */
  readonly media: string;
  /** Numbers of the processes that its servers have started and that run. */
  children(): readonly number[];
  /** What its servers have for their environment. */
  readonly environment: Environment;
  /** Starts src/main.ts with arguments, undefined taking a variable away; what is still running at the end is killed. */
  start(environment?: Environment, ...args: readonly string[]): ServerProcess;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A server that runs as a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  /** Its address, once it listens. */
  readonly url: Promise<string>;
  /** Settles when it has logged an event of this name. */
  said(event: string): Promise<void>;
  /** How it ended, and what it wrote to stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Makes the folders; the engine is a fixture, or, with null, that of config.json. */
export async function openProcessHarness(engine: string | null): Promise<ProcessHarness> {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-'));
  const media = join(directory, 'media');
  const model = join(directory, 'models/base');
  await mkdir(media);
  await mkdir(model, { recursive: true });
  await placeRecording(join(root, 'samples/jfk.flac'), join(media, 'speech.wav'));
  const names = ['model.bin', 'config.json', 'tokenizer.json', 'vocabulary.json'];
  await Promise.all(names.map((name) => writeFile(join(model, name), '{}')));
  const fixture = {
    PHONOGRAPH_MODEL_DIRECTORY: join(directory, 'models'),
    PHONOGRAPH_STANDBY: '0',
    PHONOGRAPH_ENGINE_COMMAND: `${process.execPath} ${join(root, 'runner/fixtures/checked.ts')} ${engine}`,
  };
  const ofServers = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    // As the set-up has it: half the time that a start takes.
    NODE_COMPILE_CACHE: join(root, '.tools/compiled'),
    // Every process that comes of this harness, however deep, has its folder in its environment.
    TMPDIR: directory,
    PHONOGRAPH_LISTEN_PORT: '0',
    PHONOGRAPH_DATA_DIRECTORY: join(directory, 'data'),
    PHONOGRAPH_MEDIA_ROOTS: media,
    ...(engine === null ? {} : fixture),
  };
  const processes: ServerProcess[] = [];
  const harness: ProcessHarness = {
    directory,
    media,
    environment: ofServers,
    children: () => childrenOf(directory, new Set(processes.map(({ child }) => child.pid))),
    start(environment = {}, ...args) {
      const own = { ...ofServers, PHONOGRAPH_LISTEN_PORT: String(lastingPort()), ...environment };
      const started = startProcess(own, args);
      processes.push(started);
      return started;
    },
    async [Symbol.asyncDispose]() {
      for (const { child } of processes) if (child.exitCode === null) child.kill('SIGKILL');
      await Promise.all(processes.map(({ ended }) => ended));
      // A server that is killed cannot end what its engines have started and what hears nothing.
      for (const pid of harness.children()) process.kill(pid, 'SIGKILL');
      await rm(directory, { recursive: true });
    },
  };
  return harness;
}

/** Below those that the kernel gives to connections, and above the last one, 10080, that browsers and `fetch` refuse. */
const lastingPorts = [10_081, 32_768] as const;

/** A port on which nobody listens, and that no connection is given: a server that was killed finds it free again. */
export function lastingPort(): number {
  const inUse = readFileSync('/proc/net/tcp', 'utf8');
  for (;;) {
    const port = randomInt(...lastingPorts);
    if (!inUse.includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} `)) return port;
  }
}

function startProcess(env: Environment, args: readonly string[]): ServerProcess {
  return watchServer(
    spawn(process.execPath, ['--max-semi-space-size=16', join(root, 'src/main.ts'), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** Listens to a server that was started as a process, by what it writes to stdout and stderr. */
export function watchServer(child: ChildProcessByStdio<null, Readable, Readable>): ServerProcess {
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const log = new EventEmitter();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told: { readonly event: string; readonly url?: string } = JSON.parse(line);
    log.emit(told.event, told);
  });
  const url = once(log, 'server listening').then(([told]: { readonly url: string }[]) => told?.url ?? '');
  const said = async (event: string) => {
    await once(log, event);
  };
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, stderr }));
  return { child, url, said, ended };
}

function childrenOf(directory: string, servers: ReadonlySet<number | undefined>): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => !servers.has(pid) && environmentOf(pid).includes(`TMPDIR=${directory}\0`));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return ''; // It is gone, or another user's.
  }
}

/** Waits until nothing runs any more that the harness's servers have started; throws where that takes longer than `limitMs`. */
export async function untilNoChildren(harness: ProcessHarness, limitMs: number): Promise<void> {
  const start = performance.now();
  for (let left = harness.children(); left.length > 0; left = harness.children()) {
    if (performance.now() - start > limitMs) throw new Error(`still running after ${limitMs} ms: ${left.join(', ')}`);
    await sleep(10);
  }
}

/** Submits a recording to the server at `url` and returns the id of its job. */
export async function submitTo(url: string, input: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const query =
    'mutation ($input: TranscribeInput!) { transcribe(input: $input) { ... on TranscribeSuccess { job { id } } } }';
  const variables = { input: { media: { path: 'speech.wav' }, ...input } };
  const { data } = await ask(url, JSON.stringify({ query, variables }));
  return data.transcribe.job.id;
}

/** The memory that a process has. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(?<kilobytes>\d+) kB/u.exec(status)?.groups?.['kilobytes']) * 1024;
}
