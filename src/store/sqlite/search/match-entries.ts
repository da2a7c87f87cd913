import type Sqlite from 'better-sqlite3';
import { scoreOf } from '../../../transcripts/search/match.ts';
import type { Match, MatchRequest } from '../../sql/search/matches.ts';

interface Row extends Omit<Match, 'score'> {
  readonly text: string;
}

/**
 * The index gives its entries from the newest on and stops at the limit: what is older costs nothing. A float is not compared with a rowid. Of a segment that
 * was edited the entry counts whose place stands (see `entryNumber`), and else that of what the engine heard.
 */
const statement = `
  select found.rowid as entry, search_job.job_id as jobId, segment."index" & 4194303 as "index", coalesce(edit.text, segment.text) as text
  from search as found
  cross join search_job on search_job.number = found.rowid >> 24
  cross join job on job.id = search_job.job_id
  cross join segment on segment.job_id = job.id and segment."index" = job.revision * 4194304 + (found.rowid & 4194303)
  left join edited on edited.job_id = segment.job_id and edited."index" = segment."index"
  left join edit on edit.job_id = edited.job_id and edit."index" = edited."index" and edit.place = edited.place
  where found.search match @expression
    and found.rowid between cast(@oldest as integer) and cast(@newest as integer)
    and (found.rowid >> 22) & 3 = coalesce(edited.place, 0)
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
