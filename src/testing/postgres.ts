import { globSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { Pool } from 'pg';
import { openStore } from '#src/store/open.ts';
import { debianProgram } from './debian.ts';

/** PostgreSQL as Debian has it. Its folder names the version, which is not known before it is installed. */
export const postgresProgram = await debianProgram('postgresql', () =>
  globSync('/usr/lib/postgresql/*/bin/postgres').toSorted().at(-1),
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

/** Starts one in a temporary folder, which nothing reaches but through a socket in it. What was committed may be lost in a crash of the machine alone. */
export async function openPostgres(): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-postgres-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true }));
  const isRoot = process.getuid?.() === 0;
  // It refuses to run as root. `--pdeathsig`: it ends with the test, however that ends.
  const user = [
    'setpriv',
    '--pdeathsig=INT',
    ...(isRoot ? ['--reuid=postgres', '--regid=postgres', '--clear-groups'] : []),
  ];
  const [command = '', ...before] = user;
  if (isRoot) {
    const ids = await Promise.all(['-u', '-g'].map((flag) => execa('id', [flag, 'postgres'])));
    const [uid = 0, gid = 0] = ids.map(({ stdout }) => Number(stdout));
    await chown(directory, uid, gid);
  }
  const folder = join(directory, 'data');
  const initdb = join(dirname(postgresProgram.path), 'initdb');
  const setup = [
    '-D',
    folder,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ];
  await execa(command, [...before, initdb, ...setup], { cwd: directory });
  const addressOf = (name: string) =>
    `postgresql://localhost/${name}?user=postgres&host=${encodeURIComponent(directory)}`;
  const settings = { fsync: 'off', full_page_writes: 'off', listen_addresses: '', unix_socket_directories: directory };
  const flags = Object.entries({ ...settings, max_connections: '200', autovacuum: 'off' }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const run = () =>
    execa(command, [...before, postgresProgram.path, '-D', folder, ...flags], { cwd: directory, reject: false });
  let ended: string | null = null;
  const begin = () => {
    const process = run();
    ended = null;
    process.then(
      ({ stderr }) => (ended = stderr),
      (error: unknown) => (ended = String(error)),
    );
    return process;
  };
  let child = begin();
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await child;
  };
  stack.defer(() => kill('SIGQUIT'));
  const ask = async (address: string, text: string): Promise<readonly Record<string, unknown>[]> => {
    const pool = new Pool({ connectionString: address, max: 1 });
    pool.on('error', () => undefined);
    try {
      const { rows } = await pool.query<Record<string, unknown>>(text);
      return rows;
    } finally {
      await pool.end();
    }
  };
  const main = addressOf('postgres');
  const isReady = () =>
    ask(main, 'select 1').then(
      () => true,
      () => false,
    );
  const untilReady = async () => {
    while (!(await isReady())) {
      if (ended !== null) throw new Error(`PostgreSQL has ended: ${ended}`);
      await sleep(20);
    }
  };
  await untilReady();
  const owned = stack.move();
  let databases = 0;
  const create = async () => {
    const name = `test_${(databases += 1)}`;
    await ask(main, `create database ${name} template template0`);
    return addressOf(name);
  };
  let reused: string | undefined;
  return {
    create,
    ask,
    async emptied() {
      if (reused !== undefined) {
        await ask(reused, emptyAll);
        return reused;
      }
      reused = await create();
      await (await openStore({ database: reused }))[Symbol.asyncDispose]();
      return reused;
    },
    kill: () => kill('SIGQUIT'),
    async start() {
      child = begin();
      await untilReady();
    },
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
