import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile, copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../..');

/** Folders for servers that run as processes of their own, one after the other. */
export interface ProcessHouse extends AsyncDisposable {
  /** Stands in the command line of each of its engines. */
  readonly directory: string;
  /** Starts src/main.ts; what is still running at the end is killed. */
  start(environment?: Record<string, string>): ServerProcess;
}

/** A server that runs as a process of its own. */
interface ServerProcess {
  readonly child: ChildProcess;
  /** Its address, once it listens. */
  readonly url: Promise<string>;
  /** How it ended, and what it wrote to stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Makes the folders; the engine is a fixture, or, with null, that of config.json. */
export async function openProcessHouse(engine: string | null): Promise<ProcessHouse> {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-'));
  const media = join(directory, 'media');
  const model = join(directory, 'models/base');
  await mkdir(media);
  await mkdir(model, { recursive: true });
  await copyFile(join(root, 'samples/jfk.flac'), join(media, 'speech.wav'));
  const names = ['model.bin', 'config.json', 'tokenizer.json', 'vocabulary.json'];
  await Promise.all(names.map((name) => writeFile(join(model, name), '{}')));
  const fixture = {
    PHONOGRAPH_MODEL_DIRECTORY: join(directory, 'models'),
    PHONOGRAPH_ENGINE_COMMAND: `${process.execPath} ${join(root, 'runner/fixtures/tried.ts')} ${engine} ${directory}`,
  };
  const processes: ServerProcess[] = [];
  return {
    directory,
    start(environment = {}) {
      const started = startProcess({
        PHONOGRAPH_LISTEN_PORT: '0',
        PHONOGRAPH_DATA_DIRECTORY: join(directory, 'data'),
        PHONOGRAPH_MEDIA_ROOTS: media,
        ...(engine === null ? {} : fixture),
        ...environment,
      });
      processes.push(started);
      return started;
    },
    async [Symbol.asyncDispose]() {
      for (const { child } of processes) if (child.exitCode === null) child.kill('SIGKILL');
      await Promise.all(processes.map(({ ended }) => ended));
      await rm(directory, { recursive: true });
    },
  };
}

function startProcess(environment: Record<string, string>): ServerProcess {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment };
  const child = spawn(process.execPath, [join(root, 'src/main.ts')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const url = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { event, url: told } = JSON.parse(line) as { event: string; url: string };
      if (event === 'server listening') resolve(told);
    });
  });
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, stderr }));
  return { child, url, ended };
}
