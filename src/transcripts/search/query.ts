import { RequestError } from '../../errors.ts';
import { canBePart, tokensOf } from './tokens.ts';

/** Characters of a query, in UTF-16 units. */
export const maxQueryLength = 500;
/** Words, phrases and exclusions of a query. */
const maxTerms = 20;

/** One thing that a query asks for. */
export interface Term {
  /** Forms of tokens that follow one another. */
  readonly forms: readonly string[];
  /** Whether the last of them need only be the beginning of a token. */
  readonly isPrefix: boolean;
  /** Whether it is a word that counts inside a longer one, too. */
  readonly canBePart: boolean;
}

/** What is looked for: every one of `wanted`, and none of `unwanted`. */
export interface SearchQuery {
  readonly wanted: readonly Term[];
  readonly unwanted: readonly Term[];
}

/** A word or a phrase in quotes, whose second may be missing; with a minus before it or a star behind. */
const terms = /(?<minus>-?)(?:"(?<phrase>[^"]*)"?|(?<word>[^\s"*]+))(?<star>\*?)/gu;

/**
 * Reads what a person typed; whatever it is, it is a query: signs that mean nothing are passed over. Throws BAD_USER_INPUT where it is too long.
 */
export function parseQuery(text: string): SearchQuery {
  if (text.length > maxQueryLength) throw tooLong(`at most ${maxQueryLength} characters`);
  const found = [...text.matchAll(terms)].flatMap(({ groups = {} }) => {
    const { minus, phrase, word, star } = groups;
    const term = toTerm(phrase ?? word ?? '', { isQuoted: phrase !== undefined, isPrefix: star === '*' });
    return term === null ? [] : [{ term, isUnwanted: minus === '-' }];
  });
  if (found.length > maxTerms) throw tooLong(`at most ${maxTerms} words and phrases`);
  return {
    wanted: found.filter(({ isUnwanted }) => !isUnwanted).map(({ term }) => term),
    unwanted: found.filter(({ isUnwanted }) => isUnwanted).map(({ term }) => term),
  };
}

/** Null where there is nothing to look for in it. */
function toTerm(text: string, { isQuoted, isPrefix }: { readonly isQuoted: boolean; isPrefix: boolean }): Term | null {
  const tokens = tokensOf(text);
  const last = tokens.at(-1);
  if (last === undefined) return null;
  // A text goes on where a query ends: its last character stands in a pair there, unless it ends the text.
  const isInPair = last.kind === 'LAST' && tokens.at(-2)?.kind === 'PAIR';
  const forms = tokens.slice(0, isInPair ? -1 : tokens.length).map(({ form }) => form);
  const isOneWord = tokens.length === 1 && last.kind === 'WORD';
  return {
    forms,
    isPrefix: isPrefix || (last.kind === 'LAST' && !isInPair),
    canBePart: isOneWord && !isQuoted && !isPrefix && canBePart(last.form),
  };
}

function tooLong(limit: string): RequestError {
  return new RequestError('BAD_USER_INPUT', `query may have ${limit}.`, 'Look for fewer words.');
}
