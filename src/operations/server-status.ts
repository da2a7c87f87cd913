import type { Config } from '../config/config.ts';
import type { Settings } from '../settings.ts';
import type { QueueCounts, Store } from '../store/store.ts';
import type { EngineStatus, Worker } from '../jobs/worker.ts';
import type { Health, ServerState } from './health.ts';
import type { HostStats } from './host.ts';
import { memoizeFor } from './memoize.ts';

/** The server as it is at one moment. */
export interface ServerStatus extends HostStats {
  readonly id: 'server';
  readonly version: string;
  readonly startedAt: Date;
  readonly status: ServerState;
  /** Whether everybody who reaches its address may do everything. */
  readonly unauthenticated: boolean;
  readonly gpus: readonly GpuStats[];
  readonly queue: QueueCounts & { readonly slots: number; readonly paused: boolean };
  readonly engine: EngineStatus & { readonly standby: number };
  readonly workers: readonly Worker[];
}

/** Reads the server for everybody. */
export interface ServerReader {
  /** The queue, the engine and the settings as they are now; the machine as at most half a second ago. */
  readonly now: () => Promise<ServerStatus>;
  /** All of it as at most half a second ago: it is read at most twice a second, however many ask. */
  readonly recent: () => Promise<ServerStatus>;
}

/** What is read. */
export interface ServerParts {
  readonly health: Health;
  readonly store: Pick<Store, 'isShared' | 'queueCounts' | 'workers'>;
  readonly config: Config;
  readonly settings: Pick<Settings, 'current'>;
  readonly keys: { readonly areNeeded: () => boolean };
  readonly readHost: () => Promise<HostStats>;
  readonly readGpus: () => Promise<readonly GpuStats[]>;
  /** How many engines wait for a job with their model loaded. */
  readonly countStandby: () => number;
}

/** Half of the shortest time between two readings that a client may ask for. */
const freshMs = 500;

/** A reader that does nothing unless it is asked. */
export function openServerReader(parts: ServerParts): ServerReader {
  const { health, store, settings, keys } = parts;
  const readMachine = memoizeFor(() => Promise.all([parts.readHost(), parts.readGpus()]), freshMs);
  async function now(): Promise<ServerStatus> {
    const leaseMs = parts.config.server.leaseSeconds * 1000;
    const readings = [readMachine(), store.queueCounts(), store.workers(leaseMs)] as const;
    const [[host, gpus], counts, workers] = await Promise.all(readings);
    const { version, startedAt, status } = health;
    const engine = { ...health.engine, standby: parts.countStandby() };
    const { numJobs, paused } = settings.current();
    const slots = store.isShared ? slotsOf(workers) : (parts.config.server.slots ?? numJobs);
    const unauthenticated = !keys.areNeeded();
    const queue = { ...counts, slots, paused };
    return { ...host, id: 'server', version, startedAt, status, unauthenticated, gpus, queue, engine, workers };
  }
  return { now, recent: memoizeFor(now, freshMs) };
}

function slotsOf(workers: readonly Worker[]): number {
  return workers.filter(({ status }) => status === 'READY').reduce((sum, { slots }) => sum + slots, 0);
}

/** One NVIDIA GPU as its driver tells it. */
export interface GpuStats {
  readonly index: number;
  readonly name: string;
  readonly memoryTotalBytes: number;
  readonly memoryUsedBytes: number;
  /** 0 to 1. */
  readonly utilization: number;
  readonly temperatureCelsius: number | null;
}
