import { dirname, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { databaseUrlRule, isDatabaseUrl } from '../config/database-url.ts';
import { InvalidInputError, MigrationError, RequestError } from '../errors.ts';
import { type CopiedRecordings, copyRecordings } from '../media/copy-recordings.ts';
import { openDiskSpace } from '../media/disk.ts';
import { openMedia } from '../media/open.ts';
import { isPostgresUrl, openSide } from '../store/open.ts';
import {
  beginMove,
  type ComparedTable,
  compareSides,
  copyRows,
  countRecordings,
  finishMove,
  keptRecordings,
  type Move,
} from '../store/sql/moving/move.ts';

/** What is moved, as it is written on a command line: `sqlite:PATH` or the address of a database in PostgreSQL; absent: the one of the settings. */
export interface MoveRequest extends Pick<Move, 'signal' | 'onProgress'> {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly settings: Config['server'];
}

/** What was moved. */
export interface MoveReport {
  readonly from: string;
  readonly to: string;
  readonly tables: readonly ComparedTable[];
  /** Null where both sides have the same media store. */
  readonly recordings: CopiedRecordings | null;
}

/**
 * Copies all that is in one database, and the recordings, to another one that is empty, proves that both hold the same, and only then lets servers use it. The source
 * is read alone. What was interrupted goes on where it was. Throws InvalidInputError where a side is not told rightly, MigrationError and DirectoryInUseError where a
 * side cannot be used.
 */
export async function move({ from, to, settings, signal, onProgress }: MoveRequest): Promise<MoveReport> {
  const [source, target] = [databaseOfSide('from', from, settings), databaseOfSide('to', to, settings)];
  if (source === target) throw new InvalidInputError('to', '--from and --to name the same database.');
  const leaseMs = settings.leaseSeconds * 1000;
  const { databaseCaFile, mediaRoots } = settings;
  await using stack = new AsyncDisposableStack();
  const common = { databaseCaFile, mediaRoots, leaseMs };
  const fromSide = stack.use(await openSide({ ...common, database: source, isSource: true }));
  const toSide = stack.use(await openSide({ ...common, database: target, isSource: false }));
  const both: Move = { from: fromSide, to: toSide, signal, onProgress };
  await beginMove(both);
  await copyRows(both);
  const recordings = await moveRecordings(both, mediaOf(source, settings), mediaOf(target, settings));
  const tables = await compareSides(both);
  await finishMove(both);
  return { from: fromSide.name, to: toSide.name, tables, recordings };
}

function databaseOfSide(option: 'from' | 'to', text: string | undefined, { databaseUrl }: Config['server']): string {
  if (text === undefined) {
    if (databaseUrl !== null) return databaseUrl;
    throw new InvalidInputError(
      option,
      `--${option} is missing: sqlite:PATH or postgresql://..., or PHONOGRAPH_DATABASE_URL in its place.`,
    );
  }
  const [, path] = /^sqlite:(.+)$/u.exec(text) ?? [];
  if (path !== undefined) return resolve(path);
  if (isDatabaseUrl(text)) return text;
  throw new InvalidInputError(
    option,
    `--${option} must be sqlite:PATH, such as sqlite:data/phonograph.db; else it ${databaseUrlRule}.`,
  );
}

/** The recordings of a file of SQLite lie beside it; those of PostgreSQL where the settings say. */
function mediaOf(database: string, settings: Config['server']): Config['server'] {
  return isPostgresUrl(database) ? settings : { ...settings, dataDirectory: dirname(database), mediaStore: null };
}

/** Null where there is nothing to be copied, since both sides have them in the same place. */
async function moveRecordings(
  { from, signal, onProgress }: Move,
  source: Config['server'],
  target: Config['server'],
): Promise<CopiedRecordings | null> {
  await using stack = new AsyncDisposableStack();
  const space = openDiskSpace(target);
  let why = '';
  const onTrouble = ({ code, text }: { readonly code: string; readonly text: string }) => (why = `${code}: ${text}`);
  const { media: there } = stack.use(await openMedia(source, openDiskSpace(source), onTrouble));
  const { media: here } = stack.use(await openMedia(target, space, onTrouble));
  if (there.place === here.place) return null;
  const all = await countRecordings(from);
  return copyRecordings(keptRecordings(from), {
    from: there,
    to: here,
    space,
    signal,
    onCopied({ recordings, missing, damaged }) {
      onProgress({ doing: 'copying recordings', done: recordings + missing.length + damaged.length, all });
    },
  }).catch((error: unknown) => {
    if (!(error instanceof RequestError)) throw error;
    throw new MigrationError(`The recordings cannot be copied: ${error.message} (${why})`, { cause: error });
  });
}
