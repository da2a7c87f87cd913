import type { SearchQuery, Term } from '../../../transcripts/search/query.ts';
import { entryOfBeginning, partMark } from '../../sql/search/entries.ts';
import type { Stage } from '../../sql/search/matches.ts';

/** A query as FTS5 reads it; null where it can match nothing. Every form stands in quotes and has letters and digits alone. */
export function expressionOf({ wanted, unwanted }: SearchQuery, stage: Stage): string | null {
  if (wanted.length === 0) return null;
  const whole = wanted.map(phrase).join(' AND ');
  if (stage === 'WHOLE') return without(whole, unwanted.map(phrase));
  if (!wanted.some(({ canBePart }) => canBePart)) return null;
  return without(wanted.map(phraseOrPart).join(' AND '), [...unwanted.map(phrase), `(${whole})`]);
}

function phrase({ forms, isPrefix }: Term): string {
  const whole = `"${forms.join(' ')}"`;
  if (!isPrefix) return whole;
  const beginning = forms.length === 1 ? entryOfBeginning(forms.join('')) : null;
  return beginning === null ? `${whole} *` : `"${beginning}"`;
}

function phraseOrPart(term: Term): string {
  return term.canBePart ? `(${phrase(term)} OR "${partMark}${term.forms.join('')}" *)` : phrase(term);
}

function without(wanted: string, unwanted: readonly string[]): string {
  return unwanted.length === 0 ? wanted : `(${wanted}) NOT (${unwanted.join(' OR ')})`;
}
