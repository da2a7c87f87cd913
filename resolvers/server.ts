import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, EngineReading, GpuReading, ServerStatus } from '#src/context.ts';
import { ConfigError, RequestError } from '#src/errors.ts';
import type { HostReading } from '#src/host.ts';
import type { QueueCounts } from '#src/store/port.ts';
import { stoppable } from './stoppable.ts';

/** The server as it is at one moment. */
export interface ServerReading extends HostReading {
  readonly version: string;
  readonly startedAt: Date;
  readonly status: ServerStatus;
  /** Whether everybody who reaches its address may do everything. */
  readonly unauthenticated: boolean;
  readonly gpus: readonly GpuReading[];
  readonly queue: QueueCounts & { readonly slots: number; readonly paused: boolean };
  readonly engine: EngineReading & { readonly standby: number };
}

export type ServerNeeds = Pick<
  Context,
  'config' | 'health' | 'readHost' | 'readGpus' | 'countStandby' | 'store' | 'settings'
>;

/** Reads the machine, the queue and the engine's last known state. */
export async function readServer(context: ServerNeeds): Promise<ServerReading> {
  const { config, health, store, settings } = context;
  const [host, gpus, counts] = await Promise.all([context.readHost(), context.readGpus(), store.queueCounts()]);
  const { version, startedAt, status } = health;
  const engine = { ...health.engine, standby: context.countStandby() };
  const { numJobs: slots, paused } = settings.current();
  const unauthenticated = config.server.apiKeys.length === 0;
  return { ...host, version, startedAt, status, unauthenticated, gpus, queue: { ...counts, slots, paused }, engine };
}

/** Reads the server, then has it restarted; SERVICE_UNAVAILABLE, with everything as it was, where its settings have become wrong. */
export async function restartServer(context: ServerNeeds & Pick<Context, 'restart'>): Promise<ServerReading> {
  const reading = await readServer(context);
  try {
    context.restart();
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

/** A reading at once, then every `intervalSeconds` (1 to 60, else BAD_USER_INPUT). */
export function watchServer(
  { intervalSeconds }: { readonly intervalSeconds: number },
  context: ServerNeeds,
): AsyncGenerator<ServerReading, void, undefined> {
  if (intervalSeconds < 1 || intervalSeconds > 60) {
    throw new RequestError('BAD_USER_INPUT', 'intervalSeconds must be from 1 to 60.');
  }
  return stoppable(async function* watch(signal) {
    while (!signal.aborted) {
      yield await readServer(context);
      await sleep(intervalSeconds * 1000, undefined, { signal }).catch(() => undefined);
    }
  });
}
