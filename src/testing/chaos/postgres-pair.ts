import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addressOf,
  askPostgres,
  makePostgresFolder,
  openPostgresUser,
  type PostgresServer,
  startPostgres,
} from '../postgres.ts';

/** A database, perhaps with a standby that has all that was committed. */
export interface PostgresPair extends AsyncDisposable {
  /** Its own, for whatever lies beside the database. */
  readonly directory: string;
  readonly database: string;
  /** The folder of the socket of the one that is written to. */
  sockets(): string;
  address(): string;
  /** Ends it as a crash does, and starts it again. */
  restart(): Promise<void>;
  /** Ends it as a crash does; the standby takes its place. */
  replace(): Promise<void>;
}

const database = 'phonograph';

/** Starts a database in a temporary folder. */
export async function openPostgresPair(hasStandby: boolean): Promise<PostgresPair> {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-pair-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true }));
  const user = await openPostgresUser(directory);
  const [first, second] = ['first', 'second'].map((name) => placeIn(directory, name)) as [Place, Place];
  await Promise.all([first, second].map(({ sockets }) => openPostgresUser(sockets)));
  await makePostgresFolder(user, first.folder);
  const start = async (place: Place): Promise<PostgresServer> => {
    const server = await startPostgres(user, place);
    stack.defer(() => server.kill('SIGQUIT'));
    return server;
  };
  let [current, server] = [first, await start(first)];
  await askPostgres(addressOf(first.sockets, 'postgres'), `create database ${database}`);
  let standby: PostgresServer | null = null;
  if (hasStandby) {
    await copyPostgres(user, first, second);
    standby = await start(second);
    // From now on a commit is answered when both have it.
    for (const act of [`alter system set synchronous_standby_names = '*'`, 'select pg_reload_conf()'])
      await askPostgres(addressOf(first.sockets, 'postgres'), act);
  }
  const owned = stack.move();
  return {
    directory,
    database,
    sockets: () => current.sockets,
    address: () => addressOf(current.sockets, database),
    async restart() {
      await server.kill('SIGQUIT');
      await server.start();
    },
    async replace() {
      assert.ok(standby !== null, 'there is a standby, once');
      await server.kill('SIGQUIT');
      await askPostgres(addressOf(second.sockets, 'postgres'), 'select pg_promote()');
      [current, server, standby] = [second, standby, null];
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Place = Parameters<typeof startPostgres>[1];

function placeIn(directory: string, name: string): Place {
  return { folder: join(directory, name), sockets: join(directory, `${name}-sockets`) };
}

/** Makes the folder of a standby. */
async function copyPostgres(user: PostgresUser, from: Place, to: Place): Promise<void> {
  const flags = ['-h', from.sockets, '-U', 'postgres', '-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
  const { exitCode, stderr } = await user('pg_basebackup', ['-D', to.folder, ...flags]);
  assert.equal(exitCode, 0, stderr);
}

type PostgresUser = Awaited<ReturnType<typeof openPostgresUser>>;
