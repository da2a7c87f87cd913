import { join, resolve } from 'node:path';
import type { Config } from './config/config.ts';
import { BackupError, MigrationError } from './errors.ts';
import { backUp } from './store/sqlite/database/backup.ts';

const tellMs = 1000;

/** `node src/main.ts backup FILE`: copies the database, and tells a person how far it is. Answers the exit code. */
export async function runBackup({ server }: Config, name: string): Promise<number> {
  const file = resolve(name);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  try {
    const from = join(server.dataDirectory, 'phonograph.db');
    const bytes = await backUp(from, file, { tell: seldom(), signal: stop.signal });
    process.stdout.write(
      `${file}: ${inMegabytes(bytes)}, checked. It holds jobs, transcripts, log lines and settings; recordings that were uploaded lie in ${join(server.dataDirectory, 'media')}.\n`,
    );
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    if (!(error instanceof BackupError) && !(error instanceof MigrationError)) throw error;
    process.stderr.write(`phonograph: ${error.message}\n`);
    return 1;
  }
}

function seldom(): (fraction: number) => void {
  let toldAt = performance.now();
  return (fraction) => {
    if (performance.now() - toldAt < tellMs) return;
    toldAt = performance.now();
    process.stderr.write(`backup: ${Math.floor(fraction * 100)} %\n`);
  };
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
