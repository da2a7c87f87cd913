import { type ClientConfig, types } from 'pg';
import { parse, toClientConfig } from 'pg-connection-string';
import { MigrationError } from '../../errors.ts';

/** How a database in PostgreSQL is reached. */
export interface PostgresAddress {
  /** postgres:// or postgresql://, with the password. */
  readonly url: string;
  /** Of the certificate that the database shows; null: those that Node knows, or as the URL has it. */
  readonly caFile: string | null;
  /** How many there are at most for queries. */
  readonly connections: number;
}

const connectMs = 3000;
/** How nodes are called in the list of connections. */
export const applicationName = 'phonograph';

/** Options of the driver for one connection to the database. Throws MigrationError where the address cannot be used. */
export function clientConfig({ url, caFile }: Omit<PostgresAddress, 'connections'>): ClientConfig {
  const address = new URL(url);
  // Modes mean what they mean to every other client of PostgreSQL.
  address.searchParams.delete('uselibpqcompat');
  if (caFile !== null) address.searchParams.set('sslrootcert', caFile);
  try {
    const config = toClientConfig(parse(address.href, { useLibpqCompat: true }));
    return {
      ...config,
      // To compile a statement takes a second, and none of ours runs for so long.
      options: `${config.options ?? ''} -c jit=off`.trim(),
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
      application_name: applicationName,
      types: { getTypeParser },
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationError(`The address of the database cannot be used: ${reason}`, { cause });
  }
}

const typeIds: { readonly INT8: number; readonly BOOL: number } = types.builtins;

/** Whole numbers as numbers, and truth as 1 and 0, as SQLite has both. Nobody else's connections are touched. */
const getTypeParser: typeof types.getTypeParser = (
  id: Parameters<typeof types.getTypeParser>[0],
  format?: 'text' | 'binary',
) => {
  const number: number = id;
  if (number === typeIds.INT8) return toWhole;
  if (number === typeIds.BOOL) return (text: string) => (text === 't' ? 1 : 0);
  return format === 'binary' ? types.getTypeParser(id, 'binary') : types.getTypeParser(id, 'text');
};

function toWhole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Error(`${text} is more than is counted here.`);
  return number;
}
