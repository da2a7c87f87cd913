import { globSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { Pool } from 'pg';
import { openStore } from '#src/store/open.ts';
import { debianProgram } from './debian.ts';

const ownFolder = process.env['PHONOGRAPH_TEST_POSTGRES'];

/** PostgreSQL in the folder of programs that PHONOGRAPH_TEST_POSTGRES names, or as Debian has it. Debian's folder names the version, which is not known before it is installed. */
export const postgresProgram = await debianProgram('postgresql', () =>
  globSync(ownFolder === undefined ? '/usr/lib/postgresql/*/bin/postgres' : join(ownFolder, 'postgres'))
    .toSorted()
    .at(-1),
);

/** A server of PostgreSQL of a test's own. */
export interface TestPostgres extends AsyncDisposable {
  /** The address of a new database, without tables. */
  create(): Promise<string>;
  /** The address of a database with the tables of a store that holds nothing; who asks again has it emptied. */
  emptied(): Promise<string>;
  /** Asks a database something. */
  ask(address: string, text: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Starts it again. */
  start(): Promise<void>;
}

/** What a server of PostgreSQL is started with. */
interface PostgresServerParts {
  /** Of its data, as initdb or pg_basebackup has made it. */
  readonly folder: string;
  /** Where its socket is to be. */
  readonly sockets: string;
  /** At which it answers on 127.0.0.1, too, over TLS with tls.crt and tls.key beside its socket. */
  readonly tlsPort?: number;
}

/** A server of PostgreSQL that runs, on a folder that somebody else has made. */
export interface PostgresServer {
  kill(signal: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
}

/** Runs programs of PostgreSQL as a user that they like; `directory` is made, for that user, and files in it that nobody else reads. */
export async function openPostgresUser(directory: string, files: Readonly<Record<string, string>> = {}) {
  const isRoot = process.getuid?.() === 0;
  // It refuses to run as root. `--pdeathsig`: it ends with the test, however that ends.
  const drop = isRoot ? ['--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  await mkdir(directory, { recursive: true });
  const paths = Object.keys(files).map((name) => join(directory, name));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text, { mode: 0o600 });
  if (isRoot) {
    const ids = await Promise.all(['-u', '-g'].map((flag) => execa('id', [flag, 'postgres'])));
    const [uid = 0, gid = 0] = ids.map(({ stdout }) => Number(stdout));
    for (const path of [directory, ...paths]) await chown(path, uid, gid);
  }
  return (program: string, args: readonly string[]) =>
    execa('setpriv', ['--pdeathsig=INT', ...drop, join(dirname(postgresProgram.path), program), ...args], {
      cwd: directory,
      reject: false,
    });
}

/** The address of a database behind the socket in a folder. */
export function addressOf(sockets: string, name: string, port = 5432): string {
  return `postgresql://localhost:${port}/${name}?user=postgres&host=${encodeURIComponent(sockets)}`;
}

/** Asks a database something, on a connection of its own. */
export async function askPostgres(address: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const pool = new Pool({ connectionString: address, max: 1 });
  pool.on('error', () => undefined);
  try {
    return (await pool.query<Record<string, unknown>>(text)).rows;
  } finally {
    await pool.end();
  }
}

type PostgresUser = Awaited<ReturnType<typeof openPostgresUser>>;

/** Makes the folder of a server without anything in it. */
export async function makePostgresFolder(user: PostgresUser, folder: string): Promise<void> {
  const flags = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  const { exitCode, stderr } = await user('initdb', ['-D', folder, ...flags]);
  if (exitCode !== 0) throw new Error(`initdb: ${stderr}`);
}

/** Starts a server, and waits until it answers. What was committed may be lost in a crash of the machine alone. */
export async function startPostgres(
  user: PostgresUser,
  { folder, sockets, tlsPort }: PostgresServerParts,
): Promise<PostgresServer> {
  const tls = { ssl: 'on', ssl_cert_file: join(sockets, 'tls.crt'), ssl_key_file: join(sockets, 'tls.key') };
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    unix_socket_directories: sockets,
    ...(tlsPort === undefined
      ? { listen_addresses: '' }
      : { listen_addresses: '127.0.0.1', port: String(tlsPort), ...tls }),
  };
  const flags = Object.entries({ ...settings, max_connections: '200', autovacuum: 'off' }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  let ended: string | null = null;
  const begin = () => {
    const running = user('postgres', ['-D', folder, ...flags]);
    ended = null;
    running.then(
      ({ stderr }) => (ended = stderr),
      (error: unknown) => (ended = String(error)),
    );
    return running;
  };
  let child = begin();
  const untilReady = async () => {
    const answers = () =>
      askPostgres(addressOf(sockets, 'postgres', tlsPort), 'select 1').then(
        () => true,
        () => false,
      );
    while (!(await answers())) {
      if (ended !== null) throw new Error(`PostgreSQL has ended: ${ended}`);
      await sleep(20);
    }
  };
  await untilReady();
  return {
    async kill(signal) {
      child.kill(signal);
      await child;
    },
    async start() {
      child = begin();
      await untilReady();
    },
  };
}

/** A certificate and its key, in PEM, and where a server shows it. */
interface TestTls {
  readonly certificate: string;
  readonly key: string;
  readonly port: number;
}

/** Starts one in a temporary folder, which nothing reaches but through a socket in it, and over TLS where that is given. */
export async function openPostgres({ tls }: { readonly tls?: TestTls } = {}): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-postgres-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true }));
  const user = await openPostgresUser(directory, tls && { 'tls.crt': tls.certificate, 'tls.key': tls.key });
  const folder = join(directory, 'data');
  await makePostgresFolder(user, folder);
  const at = { folder, sockets: directory, ...(tls && { tlsPort: tls.port }) };
  const server = await startPostgres(user, at);
  stack.defer(() => server.kill('SIGQUIT'));
  const addressIn = (name: string) => addressOf(directory, name, tls?.port);
  const main = addressIn('postgres');
  const owned = stack.move();
  let databases = 0;
  const create = async () => {
    const name = `test_${(databases += 1)}`;
    await askPostgres(main, `create database ${name} template template0`);
    return addressIn(name);
  };
  let reused: string | undefined;
  return {
    create,
    ask: askPostgres,
    async emptied() {
      if (reused !== undefined) {
        await askPostgres(reused, emptyAll);
        return reused;
      }
      reused = await create();
      await (await openStore({ database: reused }))[Symbol.asyncDispose]();
      return reused;
    },
    kill: () => server.kill('SIGQUIT'),
    start: () => server.start(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Faster than a new database. No trigger runs, and every number begins anew. */
const emptyAll = `do $$ declare name text; begin
  set local session_replication_role = replica;
  for name in select tablename from pg_tables where schemaname = 'public' and tablename not like 'migration%' loop
    execute format('delete from %I', name);
  end loop;
  for name in select sequencename from pg_sequences where schemaname = 'public' loop
    execute format('alter sequence %I restart', name);
  end loop;
end $$`;
