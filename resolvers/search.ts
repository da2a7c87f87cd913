import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Keyed } from '#src/store/page.ts';
import type { FoundSegment } from '#src/store/store.ts';
import { highlight } from '#src/transcripts/search/match.ts';
import { parseQuery } from '#src/transcripts/search/query.ts';
import { type Connection, loadPage, type PageArguments } from './connection.ts';
import type { Context } from './context.ts';
import { type JobFilterInput, readFilter } from './jobs.ts';

/** A segment that was found, with what was looked for marked in its text, as HTML. */
export interface SearchHit extends FoundSegment {
  readonly id: string;
  readonly highlight: string;
}

const turnMs = 5;

/** Segments that hold what is looked for, in the order that the store tells. BAD_USER_INPUT for a query that is too long. */
export async function search(
  {
    query: text,
    filter,
    ...page
  }: PageArguments & { readonly query: string; readonly filter?: JobFilterInput | null | undefined },
  { store }: Pick<Context, 'store'>,
): Promise<Connection<SearchHit>> {
  const query = parseQuery(text);
  const wanted = readFilter(filter);
  const name = createHash('sha256').update(text).digest('base64url');
  return loadPage(
    {
      // A place among the matches of one query says nothing about those of another.
      name: `search:${name}`,
      max: 100,
      isForwardOnly: true,
      async load({ limit, after }) {
        const found = await store.search(query, wanted, { limit, ...(after === undefined ? {} : { after }) });
        const hits: Keyed<SearchHit>[] = [];
        let since = performance.now();
        for (const { key, item } of found) {
          // What is marked in it belongs to the query.
          const own = { id: `${item.segment.id}:${name}`, highlight: highlight(item.segment.text, query) };
          hits.push({ key, item: { ...item, ...own } });
          // A text that somebody has edited may be so long that it takes milliseconds: then others have their turn.
          if (performance.now() - since < turnMs) continue;
          await setImmediate();
          since = performance.now();
        }
        return hits;
      },
    },
    page,
  );
}
