import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { openLogFolder } from '../logs/files.ts';
import type { LogOutlet } from '../logs/log.ts';
import type { Journal } from '../store/logs.ts';
import type { Bell } from '../store/notifier.ts';
import { startLogRetention } from './log-retention.ts';

/** What lines are kept with. */
interface LogParts {
  readonly store: Journal;
  /** Rings when lines can be read in the store: with the id of their job, or nothing for the server's own. */
  readonly lines: Bell;
  readonly config: Config;
}

/** From now on lines go into the store and into files, which stay within their limits; disposing of it writes what is on its way. */
export function keepLog(outlet: LogOutlet, { store, lines, config }: LogParts): AsyncDisposable {
  const { dataDirectory, logMaxBytes } = config.server;
  const folder = openLogFolder(join(dataDirectory, 'logs'), logMaxBytes);
  outlet.attach({ journal: store, folder, bell: lines });
  const retention = startLogRetention({ store, folder, config, log: outlet.log });
  return {
    async [Symbol.asyncDispose]() {
      await retention[Symbol.asyncDispose]();
      await outlet.flush();
    },
  };
}
