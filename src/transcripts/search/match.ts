import type { SearchQuery, Term } from './query.ts';
import { hasParts, type Token, tokensOf } from './tokens.ts';

/** A stretch of a text, in UTF-16 units. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a text has a term: whole words, and for a word also the longer ones that it is a part of. */
function spansOf(term: Term, tokens: readonly Token[]): readonly Span[] {
  return tokens.flatMap((first, at) => {
    const last = tokens[at + term.forms.length - 1];
    if (last === undefined || !isAt(term, tokens, at)) return [];
    return [{ start: first.start, end: last.form === term.forms.at(-1) ? last.end : last.head }];
  });
}

function isAt({ forms, isPrefix, canBePart }: Term, tokens: readonly Token[], at: number): boolean {
  return forms.every((form, offset) => {
    const there = tokens[at + offset]?.form ?? '';
    if (there === form) return true;
    if (canBePart) return there.includes(form) && hasParts(there);
    return isPrefix && offset === forms.length - 1 && there.startsWith(form);
  });
}

/** Where a text has what is looked for, in the order of the text; neighbouring and overlapping stretches are one. */
function matchesIn(text: string, { wanted }: SearchQuery): readonly Span[] {
  const tokens = tokensOf(text);
  const spans = wanted.flatMap((term) => spansOf(term, tokens)).toSorted((a, b) => a.start - b.start);
  const joined: Span[] = [];
  for (const span of spans) {
    const before = joined.at(-1);
    if (before === undefined || span.start > before.end) joined.push(span);
    else joined[joined.length - 1] = { start: before.start, end: Math.max(before.end, span.end) };
  }
  return joined;
}

// BM25, with the usual constants: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009.
const k1 = 1.2;
const b = 0.75;
/** Tokens of a segment of subtitle size. */
const usualLength = 12;

/**
 * How well a text that has everything that is looked for fits it, as a whole number: how often it has each term for its length, and once more for
 * the terms side by side in their order. How rare a word is does not count, since every text that is compared has all of them.
 */
export function scoreOf(text: string, { wanted }: SearchQuery): number {
  const tokens = tokensOf(text);
  const weight = k1 * (1 - b + (b * tokens.length) / usualLength);
  const sideBySide: readonly Term[] =
    wanted.length < 2 ? [] : [{ forms: wanted.flatMap(({ forms }) => forms), isPrefix: false, canBePart: false }];
  const shares = [...wanted, ...sideBySide].map((term) => {
    const times = spansOf(term, tokens).length;
    return times / (times + weight);
  });
  return Math.round(shares.reduce((sum, share) => sum + share, 0) * 1000);
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as HTML, safe whatever it holds, with `<mark>` around what was looked for. */
export function highlight(text: string, query: SearchQuery): string {
  let end = 0;
  const marked = matchesIn(text, query).map((span) => {
    const before = escapeHtml(text.slice(end, span.start));
    end = span.end;
    return `${before}<mark>${escapeHtml(text.slice(span.start, span.end))}</mark>`;
  });
  return `${marked.join('')}${escapeHtml(text.slice(end))}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/gu, (sign) => escapes[sign] ?? '');
}
