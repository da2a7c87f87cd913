import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastingPort } from './process.ts';

const root = join(import.meta.dirname, '../..');

/** A server of S3 with one bucket, whose objects outlive it. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** Where its objects are, as files. */
  readonly folder: string;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
  /** As a loss of power does. */
  kill(): Promise<void>;
}

const [user, secret] = ['tester', 'secret-of-the-tester'];

/** What a client has in its environment, where every client of Amazon finds it. */
export const signIn = { AWS_ACCESS_KEY_ID: user, AWS_SECRET_ACCESS_KEY: secret };

/**
 * Starts nanio, which comes with the tools of development, or the versitygw of PHONOGRAPH_TEST_VERSITYGW, and tells this process how to sign in there.
 */
export async function openS3Server(directory: string): Promise<S3Server> {
  const [port, folder] = [lastingPort(), join(directory, 's3')];
  const endpoint = `http://127.0.0.1:${port}`;
  // A bucket is a folder to both.
  for (const each of [join(folder, 'recordings'), join(directory, 'attributes')])
    await mkdir(each, { recursive: true });
  Object.assign(process.env, signIn);
  let running: ChildProcess | null = null;
  const server: S3Server = {
    endpoint,
    folder,
    async start() {
      running = startProgram(folder, port);
      while (!(await answers(endpoint))) {
        if (running.exitCode !== null) throw new Error(`the server of S3 ended with ${running.exitCode}`);
        await sleep(20);
      }
    },
    async kill() {
      if (running === null || running.exitCode !== null) return;
      const ended = once(running, 'exit');
      running.kill('SIGKILL');
      await ended;
      running = null;
    },
    [Symbol.asyncDispose]: () => server.kill(),
  };
  await server.start();
  return server;
}

function startProgram(folder: string, port: number): ChildProcess {
  const other = process.env['PHONOGRAPH_TEST_VERSITYGW'];
  const address = `127.0.0.1:${port}`;
  const [program, line] =
    other === undefined
      ? [
          join(root, '.venv/bin/python'),
          `-m nanio serve --host 127.0.0.1 --port ${port} --log-level error --no-access-log`,
        ]
      : [other, `--access ${user} --secret ${secret} --port ${address} --quiet posix`];
  const place = other === undefined ? ['--data-dir', folder] : ['--sidecar', join(folder, '../attributes'), folder];
  return spawn(program, [...line.split(' '), ...place], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], NANIO_ACCESS_KEY: user, NANIO_SECRET_KEY: secret },
  });
}

async function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}
