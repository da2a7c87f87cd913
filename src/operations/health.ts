import type { Config } from '../config/config.ts';
import { isStorageFull, RequestError } from '../errors.ts';
import { type EngineStatus, unreadyEngine } from '../jobs/worker.ts';
import { type Log, tellFullDisk } from '../logs/log.ts';
import type { DiskSpace } from '../media/disk.ts';
import type { MediaStore } from '../media/store.ts';
import { readModel } from '../models/installed.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/store.ts';
import { repeat } from './repeat.ts';

export type ServerState = 'STARTING' | 'READY' | 'DEGRADED' | 'DRAINING';

/** The last known state of the server: kept up by others, so that asking for it does no work. */
export interface Health {
  readonly version: string;
  readonly startedAt: Date;
  readonly status: ServerState;
  readonly engine: EngineStatus;
  /** One line for each thing that is not as it should be. */
  readonly problems: readonly string[];
}

/** Health that is kept up: by a look at the database and the model now and then, and by the test of the engine. */
export interface HealthWatch extends Health, AsyncDisposable {
  /** What the engine's test at the start found. */
  readonly engineChecked: (engine: EngineStatus) => void;
  /** The server is stopping. */
  readonly drain: () => void;
}

/** Between two looks, such as at the free space. */
const lookMs = 1000;
/** The database is written to, to see whether it takes writes, at each look of so many. */
const looksAProbe = 5;

/** Between two looks at the media store, and how long one may take that is well. */
const mediaMs = 5000;

/** What is looked at. */
export interface HealthParts {
  readonly store: Pick<Store, 'probe'>;
  readonly storage: DiskSpace;
  readonly media: Pick<MediaStore, 'place' | 'problem'>;
  readonly settings: Pick<Settings, 'current'>;
  readonly config: Config;
  /** An API node has no models: its workers have. */
  readonly hasModels: boolean;
  readonly log: Log;
}

const unchecked = unreadyEngine(null);

/** Starts to watch. Reading it does no work, so that a health check never waits. */
export function watchHealth(parts: HealthParts, version: string): HealthWatch {
  const startedAt = new Date();
  let engine: EngineStatus | null = null;
  let draining = false;
  let found: readonly string[] = [];
  let looks = 0;
  let ofStore: readonly string[] = [];
  let ofMedia: string | null = null;
  const onError = (err: unknown) => {
    parts.log.error({ err }, 'server not looked at');
    found = ['The server cannot look at its own state; its log tells why.'];
  };
  const watching = repeat(
    lookMs,
    async () => {
      if (looks % looksAProbe === 0) ofStore = await problemsOf(() => parts.store.probe(), parts);
      looks += 1;
      const others = await Promise.all([
        problemsOf(() => parts.storage.requireFreeSpace(), parts),
        parts.hasModels ? modelProblems(parts) : [],
      ]);
      found = [...new Set([...ofStore, ...others.flat()])];
    },
    onError,
  );
  // By itself: a network that swallows everything holds up no look at anything else.
  const watchingMedia = repeat(
    mediaMs,
    async (stopping) => {
      const late = new AbortController();
      const timer = setTimeout(() => {
        ofMedia = silent(parts.media);
        late.abort();
      }, mediaMs);
      const problem = await parts.media.problem(AbortSignal.any([stopping, late.signal]));
      clearTimeout(timer);
      if (problem === null || !late.signal.aborted) ofMedia = problem;
    },
    onError,
  );
  const problems = () => [
    ...found,
    ...(ofMedia === null ? [] : [ofMedia]),
    ...(engine === null || engine.problem === null ? [] : [engine.problem]),
  ];
  return {
    version,
    startedAt,
    get engine() {
      return engine ?? unchecked;
    },
    get status(): ServerState {
      if (draining) return 'DRAINING';
      if (engine === null) return 'STARTING';
      return problems().length === 0 ? 'READY' : 'DEGRADED';
    },
    get problems() {
      return problems();
    },
    engineChecked: (reading) => {
      engine = reading;
    },
    drain: () => {
      draining = true;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([watching, watchingMedia].map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

function silent({ place }: Pick<MediaStore, 'place'>): string {
  return `The store of the recordings, ${place}, has not answered within ${mediaMs / 1000} s. Check that it runs, and the way to it.`;
}

/** A full disk, told as such; anything else is the database's. */
async function problemsOf(look: () => Promise<void>, { log }: HealthParts): Promise<readonly string[]> {
  try {
    await look();
    return [];
  } catch (error) {
    if (error instanceof RequestError) return [error.message];
    if (!isStorageFull(error)) return ['The database takes no writes.'];
    tellFullDisk(log);
    return [`${error.message} Free space on it.`];
  }
}

async function modelProblems({ settings, config }: HealthParts): Promise<readonly string[]> {
  const { model } = config.transcription.modes[settings.current().mode];
  const { installed, problem } = await readModel(config, model);
  if (installed) return [];
  const because = problem === null ? '' : `: ${problem}`;
  return [`The model ${model} of the mode in use is not installed${because}.`];
}
