import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { MigrationError } from '../../errors.ts';
import type { Tables } from '../sql/database/tables.ts';
import type { Side } from '../sql/moving/move.ts';
import type { PostgresAddress } from './address.ts';
import { openPool } from './dialect.ts';

/** What a move calls itself in the list of connections; servers are told from it by that. */
const mover = 'phonograph migrate';
/** A connection that was closed is in the list for a moment. */
const [lingerMs, pauseMs] = [2000, 50];

interface SideOptions {
  readonly address: PostgresAddress;
  /** Brings its tables up to date. */
  readonly prepare: () => Promise<void>;
  /** A worker of which nothing was heard for so long is none any more. */
  readonly leaseMs: number;
}

/** Takes a database in PostgreSQL for a move alone. Throws MigrationError where a server, a worker or another move uses it, or it cannot be reached. */
export async function openPostgresSide({ address, prepare, leaseMs }: SideOptions): Promise<Side> {
  const name = nameOf(address.url);
  // One connection, which is in the list of connections from the first question on.
  const pool = openPool(address, { application_name: mover, max: 1, idleTimeoutMillis: 0 });
  await using stack = new AsyncDisposableStack();
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  stack.defer(() => db.destroy());
  await refuseUsed(db, name).catch((error: unknown) => {
    if (error instanceof MigrationError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError(`${name} cannot be used: ${reason}`, { cause: error });
  });
  await prepare();
  await refuseWorkers(db, { name, leaseMs });
  const owned = stack.move();
  return { db, name, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** An address as a person may read it: without user, password and options. */
function nameOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** Whoever comes later finds this connection in the same list. */
async function refuseUsed(db: Kysely<Tables>, name: string): Promise<void> {
  const deadline = performance.now() + lingerMs;
  for (;;) {
    const others = await countOthers(db, ['phonograph', mover]);
    if (others === 0) return;
    if (performance.now() > deadline) {
      throw new MigrationError(
        `Servers, workers or another move use ${name}: Phonograph has ${others} connections there. Stop them first.`,
      );
    }
    await sleep(pauseMs);
  }
}

async function countOthers(db: Kysely<Tables>, names: readonly string[]): Promise<number> {
  const { rows } = await sql<{ readonly others: number }>`
    select count(*) as others from pg_stat_activity
    where datname = current_database() and application_name in (${sql.join(names)}) and pid <> pg_backend_pid()`.execute(
    db,
  );
  return rows[0]?.others ?? 0;
}

/** One that cannot reach the database may still run its jobs. */
async function refuseWorkers(
  db: Kysely<Tables>,
  { name, leaseMs }: { readonly name: string; readonly leaseMs: number },
): Promise<void> {
  const { rows } = await sql<{ readonly name: string; readonly age: number }>`
    select name, age from (
      select name, floor(extract(epoch from clock_timestamp()) * 1000)::bigint - seen_at as age from worker
    ) as heard where age < ${leaseMs} order by age limit 1`.execute(db);
  const [worker] = rows;
  if (worker === undefined) return;
  throw new MigrationError(
    `The worker ${worker.name} was heard of ${Math.ceil(worker.age / 1000)} s ago in ${name}. Stop it first; of one that was killed wait ${Math.ceil(leaseMs / 1000)} s.`,
  );
}

/** Throws MigrationError where the database is being moved. The connection that asks stays in the list, so that a move which begins now finds it. */
export async function refuseDuringMove(db: Kysely<Tables>): Promise<void> {
  if ((await countOthers(db, [mover])) === 0) return;
  throw new MigrationError('The database is being moved by `phonograph migrate`. Wait until that has ended.');
}
