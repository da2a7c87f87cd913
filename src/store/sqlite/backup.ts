import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { nanoid } from 'nanoid';
import { BackupError } from '../../errors.ts';
import { syncToDisk } from '../../media/disk.ts';
import { inspect } from './database.ts';

/** Pages of 4 KiB that are copied before somebody is told. */
const pagesAtOnce = 1000;

/** How a backup is made. */
export interface BackupOptions {
  /** Hears how much is copied, from 0 to 1. */
  readonly onProgress: (fraction: number) => void;
  /** Ends it; nothing is left then. */
  readonly signal: AbortSignal;
}

/**
 * Copies the database `from`, as it is at this moment, into the new file `to`, while a server reads and writes it; checks the copy, and only then
 * gives it its name. Answers its size in bytes. Throws BackupError, and MigrationError where `from` is no database of ours.
 */
export async function backUp(from: string, to: string, { onProgress, signal }: BackupOptions): Promise<number> {
  if ((await inspect(from)) === 'new') throw new BackupError(`There is no database ${from}.`);
  refuseTaken(to);
  const part = `${to}.${nanoid(6)}.part`;
  try {
    await reserve(part);
    await copy(from, part, { onProgress, signal });
    check(part);
    refuseTaken(to);
    await rename(part, to);
    await syncToDisk(dirname(to));
    return (await stat(to)).size;
  } catch (error) {
    await Promise.all(['', '-journal', '-wal', '-shm'].map((suffix) => rm(part + suffix, { force: true })));
    throw error;
  }
}

function refuseTaken(file: string): void {
  if (existsSync(file)) throw new BackupError(`${file} exists already. Name a file that does not.`);
}

/** Transcripts are for their owner alone. */
async function reserve(file: string): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.close();
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const hint = reason === 'ENOENT' ? ' Make this folder first.' : '';
    throw new BackupError(`${basename(file)} cannot be written in ${dirname(file)}: ${reason}.${hint}`, { cause });
  }
}

async function copy(from: string, to: string, { onProgress, signal }: BackupOptions): Promise<void> {
  const source = new Sqlite(from, { fileMustExist: true });
  try {
    // What is open at the first page holds for the last: without it each write of the server would make the copy begin again.
    source.exec('begin');
    source.pragma('user_version');
    await source.backup(to, {
      progress({ totalPages, remainingPages }) {
        signal.throwIfAborted();
        onProgress(1 - remainingPages / Math.max(1, totalPages));
        return pagesAtOnce;
      },
    });
  } finally {
    source.close();
  }
}

function check(file: string): void {
  const db = new Sqlite(file);
  try {
    // One file, which any disk and any program can hold; the server that opens it switches its log on again.
    db.pragma('journal_mode = delete');
    db.pragma('synchronous = full');
    // A server that starts on the copy must not end the engines of the one that still runs.
    db.exec('update attempt set pid = null, pid_start_time = null where finished_at is null');
    const found = db.pragma('integrity_check', { simple: true });
    if (found !== 'ok') throw new BackupError(`The copy is damaged: ${String(found)}`);
  } finally {
    db.close();
  }
}
