import { type Connection, isExpired, timeOf } from '../connection.ts';
import {
  JobChangedDocument,
  JobDeletedDocument,
  type JobRowFragment,
  JobsDocument,
  type JobStatus,
  QueueChangedDocument,
  QueueDocument,
} from '../operations.ts';
import { openStore, type Store } from '../store.ts';

/** Which jobs a list shows. */
export interface ListFilter {
  readonly status?: readonly JobStatus[] | undefined;
  readonly tag?: string | undefined;
}

/** The newest jobs first, as far as they have been asked for. */
interface JobList {
  readonly jobs: readonly JobRowFragment[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly problem: unknown;
}

/** A list that keeps itself right. */
export interface LiveJobList extends Pick<Store<JobList>, 'get' | 'subscribe'> {
  /** Asks for the next page, where there is one. */
  readonly more: () => void;
  /** Puts a job in, or what a mutation has said about it. */
  readonly put: (job: JobRowFragment) => void;
  readonly close: () => void;
}

const pageSize = 100;

/** How often what has changed is drawn: often enough to look live. */
const drawMs = 100;

/**
 * Opens a list. Pages are asked for by cursors; what changes comes by jobChanged and jobDeleted from the server's time of the first page on, through lost
 * connections, so that no page has to be asked for twice.
 */
export function openJobList(connection: Connection, filter: ListFilter): LiveJobList {
  const store = openStore<JobList>({ jobs: [], isLoading: true, hasMore: false, problem: null });
  const byId = new Map<string, JobRowFragment>();
  let cursor: string | null = null;
  let stop = new AbortController();
  let drawing: ReturnType<typeof setTimeout> | undefined;

  const draw = () => {
    drawing = undefined;
    const jobs = [...byId.values()].toSorted(newestFirst);
    store.set((now) => ({ ...now, jobs }));
  };
  const drawSoon = () => (drawing ??= setTimeout(draw, drawMs));

  const put = (job: JobRowFragment) => {
    const known = byId.get(job.id);
    if (known !== undefined && known.updatedAt > job.updatedAt) return;
    const { hasMore, jobs } = store.get();
    const last = jobs.at(-1);
    // What is older than the pages so far comes with its own page.
    const isBeyond = hasMore && known === undefined && last !== undefined && newestFirst(job, last) > 0;
    if (isBeyond) return;
    if (matches(job, filter)) byId.set(job.id, job);
    else byId.delete(job.id);
    drawSoon();
  };

  async function load(signal: AbortSignal): Promise<string> {
    const given = { status: filter.status ?? null, tag: filter.tag ?? null };
    const asked = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    const { jobs, server } = await connection.ask(
      JobsDocument,
      { filter: asked, first: pageSize, after: cursor },
      signal,
    );
    for (const { node } of jobs.edges)
      if ((byId.get(node.id)?.updatedAt ?? '') <= node.updatedAt) byId.set(node.id, node);
    cursor = jobs.pageInfo.endCursor;
    store.set((now) => ({ ...now, isLoading: false, hasMore: jobs.pageInfo.hasNextPage, problem: null }));
    draw();
    return timeOf(server);
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const since = await load(signal);
    const placesSoon = soon(() => askPlaces(signal), signal);
    await Promise.all([
      connection.listen(JobChangedDocument, { since }, { signal, onItem: ({ jobChanged }) => put(jobChanged) }),
      connection.listen(JobDeletedDocument, { since }, { signal, onItem: ({ jobDeleted }) => removed(jobDeleted) }),
      connection.listen(QueueChangedDocument, {}, { signal, onItem: placesSoon }),
    ]);
  }

  const removed = (id: string) => {
    if (byId.delete(id)) drawSoon();
  };

  /** Places in the queue change without a change of their jobs. */
  async function askPlaces(signal: AbortSignal): Promise<void> {
    if (![...byId.values()].some(({ status }) => status === 'QUEUED')) return;
    const { jobs } = await connection.ask(QueueDocument, {}, signal);
    for (const { node } of jobs.edges) {
      const known = byId.get(node.id);
      if (known?.status === 'QUEUED') byId.set(node.id, { ...known, ...node });
    }
    drawSoon();
  }

  const begin = () => {
    const { signal } = stop;
    follow(signal).catch((error: unknown) => {
      if (signal.aborted) return;
      if (isExpired(error)) return restart();
      store.set((now) => ({ ...now, isLoading: false, problem: error }));
    });
  };
  const restart = () => {
    stop.abort();
    stop = new AbortController();
    byId.clear();
    cursor = null;
    begin();
  };
  begin();

  return {
    get: store.get,
    subscribe: store.subscribe,
    put,
    more() {
      const { isLoading, hasMore } = store.get();
      if (isLoading || !hasMore) return;
      store.set((now) => ({ ...now, isLoading: true }));
      load(stop.signal).catch((error: unknown) => {
        if (!stop.signal.aborted) store.set((now) => ({ ...now, isLoading: false, problem: error }));
      });
    },
    close() {
      stop.abort();
      clearTimeout(drawing);
    },
  };
}

type Ordered = Pick<JobRowFragment, 'createdAt' | 'id'>;

function newestFirst(a: Ordered, b: Ordered): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

function matches({ status, tags }: JobRowFragment, filter: ListFilter): boolean {
  return (filter.status?.includes(status) ?? true) && (filter.tag === undefined || tags.includes(filter.tag));
}

/** Runs something at most once a second, and never twice at a time; what is asked for meanwhile runs once afterwards. */
function soon(run: () => Promise<void>, signal: AbortSignal): () => void {
  let state: 'IDLE' | 'RUNNING' | 'AGAIN' = 'IDLE';
  const begin = () => {
    state = 'RUNNING';
    const wait = () => setTimeout(() => (state === 'AGAIN' && !signal.aborted ? begin() : (state = 'IDLE')), 1000);
    run().then(wait, wait);
  };
  return () => (state === 'IDLE' ? begin() : (state = 'AGAIN'));
}
