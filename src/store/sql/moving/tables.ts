import type { NodeTables } from '../database/node-tables.ts';
import type { Tables } from '../database/tables.ts';

/** A table whose rows both sides of a move have in the end. */
export interface MovedTable {
  readonly name: string;
  /** What tells its rows apart, and orders them. */
  readonly key: readonly string[];
  /** Columns that are not of the source. */
  readonly without: readonly string[];
  /** What these have in the target, where a database does not fill them. */
  readonly instead: Readonly<Record<string, number>>;
  /** Which of its rows, as a part of a query. */
  readonly where: string;
  /** Triggers have made these rows of others: they are compared, and not copied. */
  readonly isFilled: boolean;
}

type Column<T extends keyof Tables> = keyof Tables[T] & string;

interface Move<T extends keyof Tables> {
  readonly key: readonly Column<T>[];
  readonly without?: readonly Column<T>[];
  readonly instead?: { readonly [C in Column<T>]?: number };
  readonly where?: string;
  readonly isFilled?: true;
}

/** The key under which the target keeps that it is not whole yet. */
export const moveMark = 'move';

/** Every table, in an order in which each comes after those that it refers to; null: it does not go along. */
const moves: { readonly [T in Exclude<keyof Tables, keyof NodeTables>]: Move<T> | null } = {
  media: { key: ['id'] },
  job: { key: ['id'], without: ['caller'] },
  job_tag: { key: ['tag', 'number'] },
  job_title: { key: ['rowid'] },
  job_media_name: { key: ['rowid'] },
  job_language: { key: ['language', 'number'], isFilled: true },
  job_updated: { key: ['updated_at', 'number'], isFilled: true },
  job_former: { key: ['id'] },
  // Triggers count, in rows that mean the same and are others.
  job_count: null,
  turn: { key: ['priority', 'caller'] },
  deletion: { key: ['job_id'] },
  deleted: { key: ['job_id'] },
  attempt: { key: ['job_id', 'number'] },
  segment: { key: ['job_id', 'index'] },
  edit: { key: ['job_id', 'index', 'place'] },
  edited: { key: ['job_id', 'index'] },
  stale_edit: { key: ['job_id'] },
  speaker: { key: ['job_id', 'key'] },
  voice: { key: ['job_id', 'clip'] },
  event: { key: ['job_id', 'seq'] },
  cleared: { key: ['job_id', 'seq'] },
  download: { key: ['job_id'] },
  log: { key: ['id'] },
  setting: { key: ['key'], where: `key <> 'own.${moveMark}'` },
  model_request: { key: ['model'] },
  api_key: { key: ['id'] },
  webhook: { key: ['id'] },
  delivery: { key: ['number'] },
  // The numbers go along, so that what is found has the same order. The target indexes the texts itself; what was being prepared is prepared anew.
  search_job: {
    key: ['number'],
    without: ['segments', 'prepared_for'],
    instead: { segments: 0 },
    where: 'job_id is not null',
  },
  search_older: null,
  // Of processes that are not there any more.
  worker: null,
  detection: null,
  // What they have of a recording is read anew, from samples that are made anew.
  part: null,
  part_batch: null,
  // It proves that the disk takes a write.
  probe: null,
};

/** Every table whose rows go along, in the order in which they are copied. */
export const movedTables: readonly MovedTable[] = Object.entries(moves).flatMap(([name, move]) =>
  move === null ? [] : [{ without: [], instead: {}, where: 'true', isFilled: false, ...move, name }],
);
