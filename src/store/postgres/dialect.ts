import { setTimeout as sleep } from 'node:timers/promises';
import { type CompiledQuery, type DatabaseConnection, type Driver, PostgresDialect, type QueryResult } from 'kysely';
import { nanoid } from 'nanoid';
import { Pool, type PoolClient } from 'pg';
import { clientConfig, type PostgresAddress } from './address.ts';
import { DatabaseAwayError } from '../../errors.ts';
import { isAway } from './errors.ts';

/** So long a statement, or a transaction, is tried again while the database is away; then the caller is told. A restart takes a second. */
export const patienceMs = 5000;
const [firstPauseMs, longestPauseMs] = [20, 400];
/** Beyond what any statement takes: nothing else ends one whose packets vanish. */
const statementMs = 10_000;
/** What nobody waits for any more ends in the database, too. */
const longestStatementMs = 30_000;
/** A node that is frozen inside a transaction holds nobody up for longer. */
const idleInTransactionMs = 5000;

/** Opens connections when they are needed, and others for those that are lost. */
export class PatientPool {
  readonly #pool: Pool;
  #awaySince: number | null = null;
  /** Tokens of commits whose answers were heard, to be deleted by the next one. */
  #heard: string[] = [];

  constructor(address: PostgresAddress) {
    this.#pool = openPool(address, {
      max: address.connections,
      query_timeout: statementMs,
      statement_timeout: longestStatementMs,
      idle_in_transaction_session_timeout: idleInTransactionMs,
    });
  }

  /** Waits a while for a database that is just away; one that has been for long is asked once. Throws SERVICE_UNAVAILABLE. */
  async take(): Promise<PoolClient> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        const client = await this.#pool.connect();
        this.#awaySince = null;
        return client;
      } catch (error) {
        if (!isAway(error)) throw error;
        const now = performance.now();
        this.#awaySince ??= now;
        if (now - this.#awaySince >= patienceMs) throw new DatabaseAwayError(error);
      }
      await sleep(pauseMs);
    }
  }

  /** Notes that nobody will ask for a token any more. */
  hear(token: string): void {
    this.#heard.push(token);
  }

  takeHeard(): readonly string[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  /** Asks one question, for no longer than a time. */
  async read<R extends object>(text: string, values: readonly unknown[], longestMs: number): Promise<readonly R[]> {
    const client = await this.take();
    try {
      const question = { text, values: [...values], query_timeout: longestMs };
      const { rows } = await client.query<R>(question);
      client.release();
      return rows;
    } catch (error) {
      client.release(isAway(error));
      throw isAway(error) ? new DatabaseAwayError(error) : error;
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

/** A pool of which no connection ends the process when it breaks: the driver's own listens to those alone that nobody uses. */
export function openPool(address: PostgresAddress, options: ConstructorParameters<typeof Pool>[0]): Pool {
  const pool = new Pool({ ...clientConfig(address), ...options });
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  pool.on('error', () => undefined);
  return pool;
}

/** PostgreSQL as Phonograph needs it: the loss of a connection is not noticed where that can be. */
export class PatientPostgresDialect extends PostgresDialect {
  readonly #patient: PatientPool;

  constructor(pool: PatientPool) {
    super({ pool: () => Promise.reject(new Error('The driver has its own.')) });
    this.#patient = pool;
  }

  override createDriver(): Driver {
    return new PatientDriver(this.#patient);
  }
}

class PatientDriver implements Driver {
  readonly #pool: PatientPool;

  constructor(pool: PatientPool) {
    this.#pool = pool;
  }

  async init(): Promise<void> {
    // Connections are opened when they are needed.
  }

  async acquireConnection(): Promise<PatientConnection> {
    return new PatientConnection(this.#pool, await this.#pool.take());
  }

  async beginTransaction(connection: PatientConnection): Promise<void> {
    await connection.begin();
  }

  async commitTransaction(connection: PatientConnection): Promise<void> {
    await connection.commit();
  }

  async rollbackTransaction(connection: PatientConnection): Promise<void> {
    await connection.rollback();
  }

  async releaseConnection(connection: PatientConnection): Promise<void> {
    connection.release();
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

/**
 * A question outside of a transaction is asked again on another connection. Within a transaction a loss is told: nothing of it was kept then. What has written something
 * writes a token with it, in `commit_token`, by which it is known afterwards whether it was kept whose end was not heard. The number of a transaction would not tell: after
 * a crash, or on a standby that took over, it may be unknown or another's.
 */
class PatientConnection implements DatabaseConnection {
  readonly #pool: PatientPool;
  /** Null where one was lost and there is no other. */
  #client: PoolClient | null;
  #isLost = false;
  /** What the transaction that is open has done so far. */
  #transaction: 'READ' | 'WRITTEN' | null = null;

  constructor(pool: PatientPool, client: PoolClient) {
    this.#pool = pool;
    this.#client = client;
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    const isQuestion =
      query.kind === 'SelectQueryNode' || (query.kind === 'RawNode' && /^\s*(?:select|with)\b/u.test(sql));
    if (this.#transaction !== null && !isQuestion) this.#transaction = 'WRITTEN';
    if (this.#transaction !== null || !isQuestion) return this.#send<R>(sql, parameters);
    return this.#again(() => this.#send<R>(sql, parameters));
  }

  // oxlint-disable-next-line eslint/require-yield -- the interface asks for it, and nobody for a stream
  async *streamQuery(): AsyncGenerator<never> {
    throw new Error('Nothing is streamed.');
  }

  async begin(): Promise<void> {
    await this.#again(() => this.#send('begin', []));
    this.#transaction = 'READ';
  }

  async commit(): Promise<void> {
    const hasWritten = this.#transaction === 'WRITTEN';
    this.#transaction = null;
    if (!hasWritten) {
      await this.#send('commit', []);
      return;
    }
    const token = nanoid();
    try {
      await this.#ask(commitWith(token, this.#pool.takeHeard()), []);
    } catch (error) {
      if (!this.#isLost) throw error;
      const wasKept = await this.#wasKept(token).catch((cause: unknown) => {
        throw new DatabaseAwayError(cause, false);
      });
      if (!wasKept) throw error;
    }
    this.#pool.hear(token);
  }

  async rollback(): Promise<void> {
    this.#transaction = null;
    if (!this.#isLost) await this.#send('rollback', []);
  }

  release(): void {
    this.#client?.release(this.#isLost || this.#transaction !== null);
  }

  async #send<R>(text: string, parameters: readonly unknown[]): Promise<QueryResult<R>> {
    const { rows, command, rowCount } = await this.#ask(text, parameters);
    const isWrite = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE';
    return isWrite ? { rows, numAffectedRows: BigInt(rowCount ?? 0) } : { rows };
  }

  async #ask(text: string, parameters: readonly unknown[]) {
    if (this.#client === null) throw new DatabaseAwayError(new Error('The connection was lost.'));
    try {
      return await this.#client.query(text, [...parameters]);
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#isLost = true;
      throw new DatabaseAwayError(error);
    }
  }

  /** Asks, and again on another connection each time one is lost. */
  async #again<T>(ask: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!this.#isLost || performance.now() > deadline) throw error;
      }
      await this.#renew();
    }
  }

  async #renew(): Promise<void> {
    this.#client?.release(true);
    this.#client = null;
    this.#client = await this.#pool.take();
    this.#isLost = false;
  }

  /**
   * Whether a transaction was kept whose end was not heard. It is waited for where it is still ending; where it was not kept, its token is taken, so that it cannot be kept
   * later either, should its end still be on the way to the database. Throws where nobody can tell.
   */
  async #wasKept(token: string): Promise<boolean> {
    await this.#renew();
    const { rows } = await this.#again(() =>
      this.#send<{ readonly kept: number }>(
        `insert into commit_token (token, kept) values ($1, 0) on conflict (token) do update set token = excluded.token
         returning kept`,
        [token],
      ),
    );
    return rows[0]?.kept === 1;
  }
}

/** Ends a transaction with a token, in one go. */
function commitWith(token: string, heard: readonly string[]): string {
  const statements = [`insert into commit_token (token, kept) values ('${token}', 1)`, 'commit'];
  if (heard.length > 0) statements.unshift(`delete from commit_token where token in ('${heard.join("', '")}')`);
  return statements.join('; ');
}
