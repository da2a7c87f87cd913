import { matchesIn } from './match.ts';
import type { SearchQuery } from './query.ts';

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
