import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { type LogFolder, openLogFolder } from '../logs/files.ts';
import type { Log, Logger } from '../logs/log.ts';
import type { LogStore } from '../store/logs.ts';
import type { Notifier } from '../store/notifier.ts';
import { repeat } from './repeat.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Between two looks: a look at what is within its limits costs nothing, and a server that says much grows little in between. */
const lookMs = 60 * 1000;

/** What log lines are found and removed with. */
export interface LogRetentionParts {
  readonly store: Pick<LogStore, 'trimLogs'>;
  readonly folder: Pick<LogFolder, 'trim'>;
  readonly config: { readonly server: Pick<Config['server'], 'logRetentionDays' | 'logMaxBytes'> };
  readonly log: Log;
}

/** Removes log lines beyond `logRetentionDays` and `logMaxBytes`, now and every minute. */
function startLogRetention(parts: LogRetentionParts): AsyncDisposable {
  return repeat(
    lookMs,
    (signal) => trimLog(parts, signal),
    (err) => parts.log.error({ err }, 'old log lines not removed'),
  );
}

/** One look; between two slices of lines everybody else has a turn. */
export async function trimLog(parts: LogRetentionParts, signal: AbortSignal, now = Date.now()): Promise<void> {
  const { store, folder, config, log } = parts;
  const { logRetentionDays, logMaxBytes: maxBytes } = config.server;
  const from = new Date(now - logRetentionDays * dayMs);
  const files = await folder.trim(from);
  let lines = 0;
  while (!signal.aborted) {
    const some = await store.trimLogs({ from, maxBytes });
    if (some === 0) break;
    lines += some;
    await setImmediate();
  }
  if (files + lines > 0) log.debug({ files, lines }, 'old log lines removed');
}

/** What lines are kept with. */
interface LogParts {
  readonly store: LogStore;
  readonly notifier: Notifier;
  readonly config: Config;
}

/** From now on lines go into the store and into files, which stay within their limits; disposing of it writes what is on its way. */
export function startLogStorage(logger: Logger, { store, notifier, config }: LogParts): AsyncDisposable {
  const { dataDirectory, logMaxBytes } = config.server;
  const folder = openLogFolder(join(dataDirectory, 'logs'), logMaxBytes);
  logger.attach({ store, folder, notifier });
  const retention = startLogRetention({ store, folder, config, log: logger.log });
  return {
    async [Symbol.asyncDispose]() {
      await retention[Symbol.asyncDispose]();
      await logger.flush();
    },
  };
}
