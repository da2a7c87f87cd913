// What a thread of searcher.ts runs: one request after the other, on a connection that stays open as long as the thread. It imports little, since
// the first search waits for it.
import Sqlite from 'better-sqlite3';
import type { Match, MatchRequest } from '../../sql/search/matches.ts';
import { matchEntries } from './match-entries.ts';

let opened: Sqlite.Database | undefined;

/** Finds what is asked for in a database file. */
export default function search(asked: { readonly file: string; readonly request: MatchRequest }): readonly Match[] {
  opened ??= new Sqlite(asked.file, { readonly: true });
  return matchEntries(opened, asked.request);
}
