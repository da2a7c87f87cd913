import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '#package.json' with { type: 'json' };
import { makeApiKey } from './auth/api-keys.ts';
import { roleOf, roles, settingOf } from './config/api-key.ts';
import { type Config, readConfig, type ServerRole } from './config/config.ts';
import {
  BackupError,
  ConfigError,
  DirectoryInUseError,
  DirectoryNotWritableError,
  InvalidInputError,
  MigrationError,
  StorageFullError,
} from './errors.ts';
import { openLog } from './logs/log.ts';
import { openStdout } from './logs/stdout.ts';
import { openTerminal } from './logs/terminal.ts';
import { move, type MoveReport, type MoveRequest } from './operations/moving.ts';
import { keepServing } from './server.ts';
import { databaseOf, isPostgresUrl, openStore } from './store/open.ts';
import { backUp } from './store/sqlite/backup.ts';
import { lockDataDirectory } from './store/sqlite/lock.ts';

const root = join(import.meta.dirname, '..');
const exitFailure = 1;
/** After a signal, as a shell has it. */
const exitInterrupted = 130;
/** Between two lines of progress. */
const reportMs = 1000;
/** Beyond what a stop in order takes. */
const longestStopMs = 15_000;
/** sysexits.h EX_USAGE. */
const exitUsage = 64;
/** sysexits.h EX_CONFIG: nothing was changed, the settings must be. */
const exitConfig = 78;

const help = `Phonograph, a self-hosted speech-to-text job server.

  node src/main.ts              serve
  node src/main.ts api          answer requests and run no jobs: a node of a fleet, which shares a PostgreSQL database
  node src/main.ts worker       run jobs and answer nobody but /health, /ready and /metrics
  node src/main.ts backup FILE  copy the database into a new file, also while the server runs
  node src/main.ts migrate --from SIDE --to SIDE
                                copy all jobs and their recordings to another database, while no server runs: docs/moving.md;
                                sqlite:PATH or postgresql://..., or PHONOGRAPH_DATABASE_URL in place of either
  node src/main.ts keys NAME    make an API key for the caller NAME, also while the server runs
                                (--role user or reader; admin where absent)

It wants Node >= 24.12 and everything set up, as in an image; npx phonograph sees to both, and has more commands.

Settings stand in config.json; PHONOGRAPH_<UPPER_SNAKE> variables go before it, such as PHONOGRAPH_LISTEN_PORT=5000,
and PHONOGRAPH_CONFIG names another file. docs/settings.md has the table.

  --json      write the log to a terminal too, one JSON line an event; into a pipe or file it always goes
  --help      this text
  --version   the version
`;

const options = {
  help: { type: 'boolean' },
  version: { type: 'boolean' },
  json: { type: 'boolean' },
  role: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
} as const;

/** What copies a database in PostgreSQL as it is at one moment; its own program knows all of its versions. */
const dumpInstead =
  'The jobs are in PostgreSQL (databaseUrl), of which its own program makes a backup, also while servers run: pg_dump --format=custom --file=FILE "$PHONOGRAPH_DATABASE_URL". pg_restore puts it into an empty database.';

process.exitCode = await main();

async function main(): Promise<number> {
  // Who reads along may end before us, as `tee` does by the same Ctrl-C, and a terminal that is closed. A server's log is kept in files, too.
  for (const lines of [process.stdout, process.stderr]) lines.on('error', () => undefined);
  const given = readArguments();
  if (given instanceof TypeError) return misused(given.message);
  const { values, positionals } = given;
  const [command, subject, ...more] = positionals;
  if (values.help === true) return write(help);
  if (values.version === true) return write(`${packageJson.version}\n`);
  const isServing = command === undefined || command === 'api' || command === 'worker';
  if (!isServing && !['backup', 'migrate', 'keys'].includes(command)) return misused(`There is no command ${command}.`);
  const takesNothing = isServing || command === 'migrate';
  if (takesNothing ? subject !== undefined : subject === undefined || more.length > 0) return misused();
  const forPerson = process.stdout.isTTY && values.json !== true;
  if (isServing) return withConfig((config) => serve(config, { role: command ?? 'all', forPerson }));
  switch (command) {
    case 'backup':
      return withConfig((config) => runBackup(config, subject ?? ''));
    case 'migrate':
      return withConfig((config) => runMove(config, values));
    case 'keys':
      return withConfig((config) => runKeys(config, subject ?? '', values.role ?? 'admin'));
    default:
      return misused();
  }
}

/** The arguments, or what is wrong with them. */
function readArguments() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    if (error instanceof TypeError) return error;
    throw error;
  }
}

interface ServeOptions {
  readonly role: ServerRole;
  /** Whether a person reads along, instead of a program. */
  readonly forPerson: boolean;
}

/**
 * Serves until a signal asks for the end. A second signal ends the process at once; the engines end with it. A fault that nobody has caught, a
 * rejected promise among them, is logged and stops the server in order: what it was about is not known, so nothing may go on with it.
 */
async function serve(config: Config, { role, forPerson }: ServeOptions): Promise<number> {
  // What the server writes is for its user alone.
  process.umask(0o077);
  let current = config;
  await using stdout = openStdout();
  const lines = forPerson ? openTerminal(() => current, stdout) : stdout;
  await using logger = openLog(config.server.logLevel, lines);
  const stop = new AbortController();
  // What a service manager sends to all of a service comes a second time from the set-up, which passes it on.
  const echoMs = process.channel === undefined ? 0 : 250;
  let signalledAt = 0;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) {
        if (performance.now() - signalledAt < echoMs) return;
        process.exit(128);
      }
      signalledAt = performance.now();
      logger.log.info({ signal }, 'signal received');
      stop.abort();
    });
  }
  let exitCode = 0;
  process.on('uncaughtException', (err, origin) => {
    logger.log.fatal({ err, origin }, 'unexpected failure');
    exitCode = exitFailure;
    stop.abort();
    setTimeout(() => process.exit(exitFailure), longestStopMs).unref();
  });
  try {
    const read = () => (current = readSettings());
    await keepServing(config, { read, logger, version: packageJson.version, role, stop: stop.signal });
  } catch (error) {
    const reason = reasonOf(error, config);
    logger.log.fatal(reason === null ? { err: error } : { text: reason }, 'server not started');
    process.stderr.write(`phonograph: ${reason ?? String(error)}\n`);
    return error instanceof MigrationError || error instanceof ConfigError ? exitConfig : exitFailure;
  }
  return exitCode;
}

async function withConfig(run: (config: Config) => Promise<number>): Promise<number> {
  let config: Config;
  try {
    config = readSettings();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exitConfig;
  }
  return run(config);
}

/** `node src/main.ts keys NAME`: makes a key in the database, also beside a server that runs, and tells the token. Answers the exit code. */
async function runKeys({ server }: Config, name: string, asked: string): Promise<number> {
  const role = roleOf(asked);
  if (role === undefined) {
    const choices = roles.map((each) => each.toLowerCase()).join(', ');
    process.stderr.write(`phonograph: There is no role ${asked}; there are ${choices}.\n`);
    return exitUsage;
  }
  process.umask(0o077);
  try {
    await using stack = new AsyncDisposableStack();
    const asItIs = await lockDataDirectory(server.dataDirectory).then(
      (lock) => (stack.use(lock), false),
      (error: unknown) => {
        if (error instanceof DirectoryInUseError) return true;
        throw error;
      },
    );
    const { mediaRoots, apiKeys: configured } = server;
    const store = stack.use(await openStore({ ...databaseOf(server), mediaRoots, asItIs }));
    const { token } = await makeApiKey({ name, role, expiresAt: null }, { store, configured });
    process.stderr.write(
      `First the token: for ${name}, and shown only now. The server knows it from now on. Then what another server lets it in with: a setting for its PHONOGRAPH_API_KEYS, or apiKeys in config.json.\n`,
    );
    return await write(`${token}\n${settingOf(name, role, token)}\n`);
  } catch (error) {
    const hint = error instanceof InvalidInputError && error.hint !== null ? ` ${error.hint}` : '';
    process.stderr.write(`phonograph: ${error instanceof Error ? error.message : String(error)}${hint}\n`);
    return error instanceof InvalidInputError ? exitUsage : exitFailure;
  }
}

function readSettings(): Config {
  return readConfig(root, process.env);
}

/** Why a server does not start that whoever starts it can help, in a line for a person; null for what is our fault. */
function reasonOf(error: unknown, { server }: Config): string | null {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return `Port ${server.listenPort} of ${server.listenHost} is taken. Stop the other program, or set PHONOGRAPH_LISTEN_PORT.`;
  const isExpected = [ConfigError, DirectoryInUseError, DirectoryNotWritableError, MigrationError].some(
    (kind) => error instanceof kind,
  );
  return isExpected && error instanceof Error ? error.message : null;
}

function misused(said?: string): number {
  process.stderr.write(said === undefined ? help : `phonograph: ${said}\n\n${help}`);
  return exitUsage;
}

/** Writes what was asked for. Answers the exit code: a token that nobody got was not told. */
function write(text: string): Promise<number> {
  const { promise, resolve: answer } = Promise.withResolvers<number>();
  process.stdout.write(text, (error) => {
    if (error) process.stderr.write(`phonograph: stdout cannot be written: ${error.message}\n`);
    answer(error ? exitFailure : 0);
  });
  return promise;
}

/** `node src/main.ts backup FILE`: copies the database, and tells a person how far it is. Answers the exit code. */
export async function runBackup({ server }: Config, name: string): Promise<number> {
  const file = resolve(name);
  const stop = untilSignal();
  try {
    const { database: from } = databaseOf(server);
    if (isPostgresUrl(from)) throw new BackupError(dumpInstead);
    const bytes = await backUp(from, file, { onProgress: seldom('backup'), signal: stop });
    return await write(
      `${file}: ${inMegabytes(bytes)}, checked. It holds jobs, transcripts, log lines and settings; recordings that were uploaded lie in ${join(server.dataDirectory, 'media')}.\n`,
    );
  } catch (error) {
    if (stop.aborted) return exitInterrupted;
    if (!(error instanceof BackupError) && !(error instanceof MigrationError)) throw error;
    process.stderr.write(`phonograph: ${error.message}\n`);
    return 1;
  }
}

/** `node src/main.ts migrate`: moves everything to another database, and tells a person how far it is. Answers the exit code. */
async function runMove({ server }: Config, { from, to }: { from?: string; to?: string }): Promise<number> {
  process.umask(0o077);
  const signal = untilSignal();
  const tell = seldom('migrate');
  try {
    const onProgress: MoveRequest['onProgress'] = ({ doing, done, all }) => tell(done / Math.max(1, all), doing);
    return await write(reportOf(await move({ from, to, settings: server, signal, onProgress })));
  } catch (error) {
    if (signal.aborted) {
      process.stderr.write('phonograph: Interrupted. Call it again as before, and it goes on.\n');
      return exitInterrupted;
    }
    const expected = [
      InvalidInputError,
      MigrationError,
      DirectoryInUseError,
      DirectoryNotWritableError,
      StorageFullError,
    ];
    if (!(error instanceof Error) || !expected.some((kind) => error instanceof kind)) throw error;
    process.stderr.write(`phonograph: ${error.message}\n`);
    return error instanceof InvalidInputError ? exitUsage : exitFailure;
  }
}

/** What was moved, as a table. */
function reportOf({ from, to, tables, recordings }: MoveReport): string {
  const lines = tables.map(({ name, rows, sha256 }) => `${name.padEnd(16)}${String(rows).padStart(12)}  ${sha256}`);
  const kept =
    recordings === null
      ? 'The recordings are where they were: both sides have the same media store.'
      : [
          `${recordings.recordings} recordings, ${inMegabytes(recordings.bytes)}, are there and have been checked.`,
          ...recordings.missing.map((name) => `Not in the source: ${name}`),
          ...recordings.damaged.map((name) => `Damaged in the source, and not copied: ${name}`),
        ].join('\n');
  return `${'table'.padEnd(16)}${'rows'.padStart(12)}  SHA-256 of the rows, the same on both sides\n${lines.join('\n')}\n${kept}\n${to} holds what ${from} holds.\n`;
}

/** Aborts where the process is to end. */
function untilSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}

/** Tells on stderr how far something is, now and then. */
function seldom(what: string): (fraction: number, doing?: string) => void {
  let toldAt = performance.now();
  return (fraction, doing) => {
    if (performance.now() - toldAt < reportMs) return;
    toldAt = performance.now();
    const said = [`${Math.floor(fraction * 100)} %`, ...(doing === undefined ? [] : [doing])];
    process.stderr.write(`${what}: ${said.join(', ')}\n`);
  };
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
