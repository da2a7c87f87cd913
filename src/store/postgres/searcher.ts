import { DatabaseAwayError, RequestError } from '../../errors.ts';
import { scoreOf } from '../../transcripts/search/match.ts';
import type { SearchQuery, Term } from '../../transcripts/search/query.ts';
import { entryOfBeginning, partMark, quoteWord } from '../sql/search/entries.ts';
import type { Match, Searcher, Stage } from '../sql/search/matches.ts';
import type { PatientPool } from './dialect.ts';

/** A search takes milliseconds. */
const longestMs = 30_000;

interface Row extends Omit<Match, 'score'> {
  readonly text: string;
}

/** Of a segment that was edited the entry counts whose place stands (see `entryNumber`), and else that of what the engine heard. */
const statement = `
  select found.rowid as entry, search_job.job_id as "jobId", segment.index & 4194303 as index, coalesce(edit.text, segment.text) as text
  from search as found
  join search_job on search_job.number = found.rowid >> 24
  join job on job.id = search_job.job_id
  join segment on segment.job_id = job.id and segment.index = job.revision * 4194304 + (found.rowid & 4194303)
  left join edited on edited.job_id = segment.job_id and edited.index = segment.index
  left join edit on edit.job_id = edited.job_id and edit.index = edited.index and edit.place = edited.place
  where found.text @@ $1::tsquery
    and found.rowid between $2 and $3
    and (found.rowid >> 22) & 3 = coalesce(edited.place, 0)
  order by found.rowid desc
  limit $4`;

/** Looks things up in the index of a database in PostgreSQL. */
export function openSearcher(pool: PatientPool): Searcher {
  return {
    expressionOf,
    async match({ expression, query, ranges, limit }) {
      const matches: Match[] = [];
      for (const { oldest, newest } of ranges) {
        const rows = await pool
          .read<Row>(statement, [expression, oldest, newest, limit - matches.length], longestMs)
          .catch((error: unknown) => {
            if (!(error instanceof DatabaseAwayError)) throw error;
            const hint = 'Look for rarer words or in fewer jobs, or try again later.';
            throw new RequestError('SERVICE_UNAVAILABLE', 'The search takes too long, or the database is away.', hint);
          });
        for (const { text, ...row } of rows) matches.push({ ...row, score: scoreOf(text, query) });
        if (matches.length === limit) break;
      }
      return matches;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A query as a tsquery; null where it can match nothing. */
function expressionOf({ wanted, unwanted }: SearchQuery, stage: Stage): string | null {
  if (wanted.length === 0) return null;
  const whole = wanted.map(phrase).join(' & ');
  if (stage === 'WHOLE') return without(whole, unwanted.map(phrase));
  if (!wanted.some(({ canBePart }) => canBePart)) return null;
  return without(wanted.map(phraseOrPart).join(' & '), [...unwanted.map(phrase), `(${whole})`]);
}

function phrase({ forms, isPrefix }: Term): string {
  const beginning = isPrefix && forms.length === 1 ? entryOfBeginning(forms.join('')) : null;
  if (beginning !== null) return quoteWord(beginning);
  return `(${forms.map(quoteWord).join(' <-> ')}${isPrefix ? ':*' : ''})`;
}

function phraseOrPart(term: Term): string {
  return term.canBePart ? `(${phrase(term)} | ${quoteWord(partMark + term.forms.join(''))}:*)` : phrase(term);
}

function without(wanted: string, unwanted: readonly string[]): string {
  return unwanted.length === 0 ? wanted : `(${wanted}) & !(${unwanted.join(' | ')})`;
}
