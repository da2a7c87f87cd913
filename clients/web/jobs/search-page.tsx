import { useEffect, useState } from 'react';
import { clock } from '../format.ts';
import { t } from '../messages/messages.ts';
import { type JobRowFragment, NamedDocument, SearchDocument, type SearchQuery } from '../operations.ts';
import { links } from '../route.ts';
import { useSession } from '../session.tsx';
import { act, tellError } from '../toasts.tsx';
import { JobItem } from './job-item.tsx';
import { nameOf } from '../format.ts';

type Hit = SearchQuery['search']['edges'][number]['node'];

interface Found {
  readonly hits: readonly Hit[];
  readonly cursor: string | null;
}

const pageSize = 30;

/** What was said, in all transcripts, and recordings that are called so. */
export function SearchPage({ query }: { readonly query: string }) {
  const { connection } = useSession();
  const [named, setNamed] = useState<readonly JobRowFragment[] | null>(null);
  const [found, setFound] = useState<Found | null>(null);
  useEffect(() => {
    document.title = `${query} · Phonograph`;
    const stop = new AbortController();
    const { signal } = stop;
    async function search(): Promise<void> {
      const names = { byTitle: { titleContains: query }, byFile: { mediaNameContains: query } };
      const [{ byTitle, byFile }, said] = await Promise.all([
        connection.ask(NamedDocument, names, signal),
        connection.ask(SearchDocument, { query, first: pageSize }, signal),
      ]);
      const all = [...byTitle.edges, ...byFile.edges].map(({ node }) => [node.id, node] as const);
      setNamed([...new Map(all).values()]);
      setFound(foundOf(said.search));
    }
    search().catch((error: unknown) => signal.aborted || tellError(error));
    return () => stop.abort();
  }, [connection, query]);
  const more = () =>
    act(async () => {
      const { search } = await connection.ask(SearchDocument, { query, first: pageSize, after: found?.cursor ?? null });
      setFound((before) => foundOf(search, before?.hits));
    });
  const change = (job: JobRowFragment) =>
    setNamed((all) => all?.map((each) => (each.id === job.id ? job : each)) ?? null);
  const hits = found?.hits ?? [];
  const isNothing = named?.length === 0 && found !== null && hits.length === 0;
  return (
    <>
      <h1>{t.search}</h1>
      {named !== null && named.length > 0 && (
        <section aria-labelledby="named">
          <h2 id="named">{t.searchNamed}</h2>
          <ul className="plain">
            {named.map((job) => (
              <li key={job.id}>
                <JobItem job={job} onChange={change} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {hits.length > 0 && (
        <section aria-labelledby="said">
          <h2 id="said">{t.searchSaid}</h2>
          <ol className="hits">
            {hits.map((hit) => (
              <HitItem key={hit.id} hit={hit} />
            ))}
          </ol>
          {found?.cursor != null && (
            <button type="button" onClick={more}>
              {t.more}
            </button>
          )}
        </section>
      )}
      <p className="waiting" role="status">
        {isNothing ? t.searchNothing : found === null && t.loading}
      </p>
      {isNothing && <p className="hint">{t.searchHint}</p>}
    </>
  );
}

function foundOf({ edges, pageInfo }: SearchQuery['search'], before: readonly Hit[] = []): Found {
  return {
    hits: [...before, ...edges.map(({ node }) => node)],
    cursor: pageInfo.hasNextPage ? pageInfo.endCursor : null,
  };
}

function HitItem({ hit: { job, segment, highlight } }: { readonly hit: Hit }) {
  return (
    <li>
      <a href={links.job(job.id, segment.startSeconds)}>
        <span className="hit-place">
          {nameOf(job)} · {clock(segment.startSeconds)}
        </span>
        <span className="hit-text">
          {partsOf(highlight).map(({ text, isMarked, at }) => (isMarked ? <mark key={at}>{text}</mark> : text))}
        </span>
      </a>
    </li>
  );
}

interface Part {
  readonly text: string;
  readonly isMarked: boolean;
  readonly at: number;
}

/** The text of a highlight, which is escaped HTML with <mark>; read as text, so that nothing of it can ever be markup here. */
function partsOf(highlight: string): readonly Part[] {
  const body = new DOMParser().parseFromString(highlight, 'text/html').body;
  return [...body.childNodes].map((node, at) => ({
    text: node.textContent ?? '',
    isMarked: node.nodeName === 'MARK',
    at,
  }));
}
