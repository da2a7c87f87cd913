import type { Config } from '../config/config.ts';
import type { SettingsBook } from '../settings.ts';
import type { QueueCounts, Reading } from '../store/store.ts';
import type { EngineReading, Health, ServerStatus } from './health.ts';
import type { HostReading } from './host.ts';
import { shared } from './memoize.ts';

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

/** Reads the server for everybody. */
export interface ServerReader {
  /** The queue, the engine and the settings as they are now; the machine as at most half a second ago. */
  readonly now: () => Promise<ServerReading>;
  /** All of it as at most half a second ago: however many look now and then, that often it is read. */
  readonly recent: () => Promise<ServerReading>;
}

/** What is read. */
export interface ServerParts {
  readonly config: { readonly server: Pick<Config['server'], 'apiKeys'> };
  readonly health: Health;
  readonly store: Pick<Reading, 'queueCounts'>;
  readonly settings: Pick<SettingsBook, 'current'>;
  readonly readHost: () => Promise<HostReading>;
  readonly readGpus: () => Promise<readonly GpuReading[]>;
  /** How many engines wait for a job with their model loaded. */
  readonly countStandby: () => number;
}

/** Half of the shortest time between two readings that a client may ask for. */
const freshMs = 500;

/** A reader that does nothing unless it is asked. */
export function openServerReader(parts: ServerParts): ServerReader {
  const { config, health, store, settings } = parts;
  const readMachine = shared(() => Promise.all([parts.readHost(), parts.readGpus()]), freshMs);
  async function now(): Promise<ServerReading> {
    const [[host, gpus], counts] = await Promise.all([readMachine(), store.queueCounts()]);
    const { version, startedAt, status } = health;
    const engine = { ...health.engine, standby: parts.countStandby() };
    const { numJobs: slots, paused } = settings.current();
    const unauthenticated = config.server.apiKeys.length === 0;
    return { ...host, version, startedAt, status, unauthenticated, gpus, queue: { ...counts, slots, paused }, engine };
  }
  return { now, recent: shared(now, freshMs) };
}

/** One NVIDIA GPU as its driver tells it. */
export interface GpuReading {
  readonly index: number;
  readonly name: string;
  readonly memoryTotalBytes: number;
  readonly memoryUsedBytes: number;
  /** 0 to 1. */
  readonly utilization: number;
  readonly temperatureCelsius: number | null;
}
