import type { MediaRoot } from '../config/config.ts';
import type { Notifier } from './notifier.ts';

/** Where a store is, and whom it tells. */
export interface StoreOptions {
  /** The path of a file, or `:memory:`; a directory that is missing is made. Or the address of a database in PostgreSQL, which several may share. */
  readonly database: string;
  /** Of the certificate that PostgreSQL shows; null or absent: those that Node knows, or as the address has it. */
  readonly databaseCaFile?: string | null;
  /** To PostgreSQL, at most, beside few that are not for queries; 10 where absent. */
  readonly databaseConnections?: number;
  /** Told of each job that changes, after the commit, here or by another node; where absent, nobody is. */
  readonly notifier?: Notifier;
  /** By which recordings are named that an older version has stored by their path; none where absent. */
  readonly mediaRoots?: readonly MediaRoot[];
  /** Milliseconds since 1970; the machine's clock where absent. */
  readonly now?: () => number;
  /** For who opens it beside a server that runs: throws MigrationError where it would have to be brought up to date. */
  readonly asItIs?: boolean;
  /** For what moves a database from here, or to here: the latter is opened also where it is not whole yet. */
  readonly forMove?: 'from' | 'to';
  /** Hears every statement, for tests and measurements. */
  readonly onQuery?: (query: Statement) => void;
}

/** What a database was asked. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}
