import { type Connection, isExpired, timeOf } from '../connection.ts';
import {
  JobChangedDocument,
  type JobDetailFragment,
  JobDocument,
  JobEventsDocument,
  type JobEventsSubscription,
  type JobRowFragment,
  type SegmentDetailFragment,
  SegmentsDocument,
  type SpeakerStateFragment,
} from '../operations.ts';
import { openStore, type Store } from '../store.ts';

export type Job = JobDetailFragment;
export type Segment = SegmentDetailFragment;
export type Speaker = SpeakerStateFragment;
type JobEvent = JobEventsSubscription['jobEvents'];

/** A job with its text, as far as it is there. */
interface Transcript {
  /** Null while it is asked for, and where there is none. */
  readonly job: Job | null;
  readonly segments: readonly Segment[];
  /** Whether all segments that are stored are here. */
  readonly isWhole: boolean;
  /** How often the segments became void, since when indexes are others. */
  readonly clearings: number;
  readonly isMissing: boolean;
  readonly problem: unknown;
}

export interface LiveTranscript extends Pick<Store<Transcript>, 'get' | 'subscribe'> {
  /** Takes in what a mutation has said about the job. */
  readonly put: (job: JobRowFragment) => void;
  /** Takes in segments as a mutation has left them. */
  readonly putSegments: (segments: readonly Segment[]) => void;
  /** The newest event that is seen here: an edit tells it, since indexes may be others later. */
  readonly seenSeq: () => number;
  readonly close: () => void;
}

const pageSize = 1000;

/**
 * Opens a transcript and keeps it right: the job as it changes, the segments by the events after those that the first question has seen, through lost
 * connections, and again whenever events come after its end.
 */
export function openTranscript(connection: Connection, id: string): LiveTranscript {
  const store = openStore<Transcript>({
    job: null,
    segments: [],
    isWhole: false,
    clearings: 0,
    isMissing: false,
    problem: null,
  });
  const stop = new AbortController();
  let { signal } = stop;
  let turn = new AbortController();
  let seenSeq = 0;
  let isFollowing = false;

  const putJob = (job: JobRowFragment & { readonly lastEventSeq?: number }) =>
    store.set((now) => {
      if (now.job === null || now.job.updatedAt > job.updatedAt) return now;
      // Of a change the parts that it does not tell stay.
      return { ...now, job: { ...now.job, ...job, media: { ...now.job.media, ...job.media } } };
    });

  async function loadJob(): Promise<{ readonly job: Job | null; readonly since: string }> {
    const { job, server } = await connection.ask(JobDocument, { id }, signal);
    store.set((now) => ({ ...now, job, isMissing: job === null }));
    return { job, since: timeOf(server) };
  }

  /** Asks for the stored segments page by page. Ends where the transcript was cleared meanwhile: what follows brings it anew. */
  async function loadSegments(): Promise<void> {
    let after: string | null = null;
    const clearedBefore = store.get().clearings;
    do {
      const { job }: { readonly job: SegmentsPage } = await connection.ask(
        SegmentsDocument,
        { id, first: pageSize, after },
        signal,
      );
      if (job === null || store.get().clearings !== clearedBefore) return;
      put(job.segments.edges.map(({ node }) => node));
      after = job.segments.pageInfo.hasNextPage ? job.segments.pageInfo.endCursor : null;
    } while (after !== null);
    store.set((now) => ({ ...now, isWhole: true }));
  }

  const put = (segments: readonly Segment[]) =>
    store.set((now) => {
      const all = [...now.segments];
      for (const segment of segments) all[segment.index] = segment;
      // What came live may stand beyond pages that are still to come.
      return { ...now, segments: all };
    });

  const onEvent = (event: JobEvent) => {
    seenSeq = event.seq;
    switch (event.__typename) {
      case 'JobSegmentsAdded':
      case 'JobSegmentsChanged':
        return put(event.segments);
      case 'JobSpeakersChanged':
        return store.set((now) => ({ ...now, job: now.job && { ...now.job, speakers: event.speakers } }));
      case 'JobTranscriptCleared':
        return store.set((now) => ({ ...now, segments: [], isWhole: true, clearings: now.clearings + 1 }));
      case 'JobStatusChanged':
      case 'JobProgressed':
      case 'JobLanguageDetected':
        return; // jobChanged tells it.
      default:
        return event satisfies never;
    }
  };

  /** Follows until the job has ended, and again when something happens afterwards. */
  async function followEvents(): Promise<void> {
    if (isFollowing) return;
    isFollowing = true;
    try {
      await connection.listen(
        JobEventsDocument,
        { id, after: seenSeq },
        { signal, onItem: ({ jobEvents }) => onEvent(jobEvents) },
      );
    } finally {
      isFollowing = false;
    }
    const { job } = store.get();
    if (job !== null && job.lastEventSeq > seenSeq) await followEvents();
  }

  const failed = (error: unknown) => {
    if (stop.signal.aborted) return;
    if (isExpired(error)) return restart();
    store.set((now) => ({ ...now, problem: error }));
  };
  const restart = () => {
    turn.abort();
    turn = new AbortController();
    signal = AbortSignal.any([stop.signal, turn.signal]);
    store.set((now) => ({ ...now, segments: [], isWhole: false }));
    begin().catch(failed);
  };

  const onChanged = (job: JobRowFragment & { readonly lastEventSeq: number }) => {
    const before = store.get().job;
    putJob(job);
    if (job.lastEventSeq > seenSeq) followEvents().catch(failed);
    // Only at the end it is known how the recording looks and where subtitles are.
    if (before !== null && before.status !== job.status) loadJob().catch(failed);
  };

  async function begin(): Promise<void> {
    const { job, since } = await loadJob();
    if (job === null) return;
    seenSeq = job.lastEventSeq;
    const changes = { filter: { ids: [id] }, since };
    await Promise.all([
      connection.listen(JobChangedDocument, changes, { signal, onItem: ({ jobChanged }) => onChanged(jobChanged) }),
      followEvents(),
      loadSegments(),
    ]);
  }
  begin().catch(failed);
  return {
    get: store.get,
    subscribe: store.subscribe,
    put: putJob,
    putSegments: put,
    seenSeq: () => seenSeq,
    close: () => stop.abort(),
  };
}

type SegmentsPage = {
  readonly segments: {
    readonly edges: readonly { readonly node: Segment }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
} | null;
