import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, RequestError } from '#src/errors.ts';
import type { ServerStatus } from '#src/operations/server-status.ts';
import type { Context } from './context.ts';
import { stoppable } from './subscription.ts';

/** Reads the server, then has it restarted; SERVICE_UNAVAILABLE, with everything as it was, where its settings have become wrong. */
export async function restartServer({
  serverReader,
  restart,
}: Pick<Context, 'serverReader' | 'restart'>): Promise<ServerStatus> {
  const reading = await serverReader.now();
  try {
    restart();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.join('; ');
    throw new RequestError(
      'SERVICE_UNAVAILABLE',
      `The server goes on as it is, since its settings are wrong: ${problems}`,
    );
  }
  return reading;
}

/** Has a worker leave. Throws BAD_USER_INPUT where there is none of this id, and where it is the only one that there can be. */
export async function drainWorker(
  id: string,
  { serverReader, store }: Pick<Context, 'serverReader' | 'store'>,
): Promise<ServerStatus> {
  const { workers } = await serverReader.now();
  if (!workers.some((worker) => worker.id === id)) {
    throw new RequestError(
      'BAD_USER_INPUT',
      'There is no worker with this id.',
      'server { workers { id } } lists them.',
    );
  }
  if (!store.isShared) {
    throw new RequestError(
      'BAD_USER_INPUT',
      'It is the only worker of this machine.',
      'pauseQueue begins no further job; stopping the server gives running ones back to the queue.',
    );
  }
  await store.drainWorker(id);
  return serverReader.now();
}

/** A reading at once, then every `intervalSeconds` (1 to 60, else BAD_USER_INPUT); those after the first are shared with who else watches. */
export function watchServer(
  { intervalSeconds }: { readonly intervalSeconds: number },
  { serverReader }: Pick<Context, 'serverReader'>,
): AsyncGenerator<ServerStatus, void, undefined> {
  if (intervalSeconds < 1 || intervalSeconds > 60) {
    throw new RequestError('BAD_USER_INPUT', 'intervalSeconds must be from 1 to 60.');
  }
  return stoppable(async function* watch(signal) {
    let due = performance.now();
    for (let read = serverReader.now; !signal.aborted; read = serverReader.recent) {
      yield await read();
      // A client that was slow to take a reading gets the next at its time, not those that it has missed.
      due = Math.max(due + intervalSeconds * 1000, performance.now());
      await sleep(due - performance.now(), undefined, { signal }).catch(() => undefined);
    }
  });
}
