import type Sqlite from 'better-sqlite3';
import { scoreOf } from '../../../transcripts/search/match.ts';
import type { SearchQuery } from '../../../transcripts/search/query.ts';
import type { EntryRange } from './entries.ts';

/** What is looked for in the index, and where: in one range after the other. */
export interface MatchRequest {
  readonly expression: string;
  readonly query: SearchQuery;
  readonly ranges: readonly EntryRange[];
  readonly limit: number;
}

/** An entry that matches, with the segment it stands for and how well that fits. */
export interface Match {
  readonly entry: number;
  readonly jobId: string;
  readonly index: number;
  readonly score: number;
}

interface Row extends Omit<Match, 'score'> {
  readonly text: string;
}

/** The index gives its entries from the newest on and stops at the limit: what is older costs nothing. A float is not compared with a rowid. */
const statement = `
  select found.rowid as entry, search_job.job_id as jobId, segment."index", segment.text
  from search as found
  cross join search_job on search_job.number = found.rowid >> 24
  cross join segment on segment.job_id = search_job.job_id and segment."index" = found.rowid & 16777215
  where found.search match @expression
    and found.rowid between cast(@oldest as integer) and cast(@newest as integer)
  order by found.rowid desc
  limit @limit`;

/** The newest entries that match, at most `limit`. */
export function matchEntries(db: Sqlite.Database, request: MatchRequest): readonly Match[] {
  const { expression, query, ranges, limit } = request;
  const select = db.prepare<unknown[], Row>(statement);
  const matches: Match[] = [];
  for (const range of ranges) {
    const rows = select.all({ expression, ...range, limit: limit - matches.length });
    for (const { text, ...row } of rows) matches.push({ ...row, score: scoreOf(text, query) });
    if (matches.length === limit) break;
  }
  return matches;
}
