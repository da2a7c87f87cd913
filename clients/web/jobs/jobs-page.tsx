import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import { PhonographError } from '../../js/client.ts';
import { t } from '../messages/messages.ts';
import type { JobStatus } from '../operations.ts';
import { useMayWrite, useSession } from '../session.tsx';
import { useStore } from '../store.ts';
import { AddRecordings } from './add-recordings.tsx';
import { deletedJobs } from './deletion.ts';
import { JobItem } from './job-item.tsx';
import { type LiveJobList, openJobList } from './job-list.ts';
import { PendingUploads } from './pending-uploads.tsx';

const shown = {
  all: undefined,
  running: ['QUEUED', 'WORKING'],
  done: ['COMPLETED'],
  failed: ['FAILED', 'CANCELLED'],
} as const satisfies Record<string, readonly JobStatus[] | undefined>;

const choices = ['all', 'running', 'done', 'failed'] as const;

/** The recordings, newest first, and where new ones are added. */
export function JobsPage() {
  const { connection } = useSession();
  const mayWrite = useMayWrite();
  const [choice, setChoice] = useState<keyof typeof shown>('all');
  const [tag, setTag] = useState<string>();
  const [list, setList] = useState<LiveJobList | null>(null);
  useEffect(() => {
    document.title = 'Phonograph';
    const opened = openJobList(connection, { status: shown[choice], tag });
    setList(opened);
    return () => opened.close();
  }, [connection, choice, tag]);
  return (
    <>
      <h1 className="unseen">{t.recordings}</h1>
      {mayWrite && <AddRecordings />}
      {mayWrite && <PendingUploads />}
      <div className="filters" role="group" aria-label={t.show}>
        {choices.map((each) => (
          <button
            key={each}
            type="button"
            className="chip"
            aria-pressed={each === choice}
            onClick={() => setChoice(each)}
          >
            {t[each]}
          </button>
        ))}
        {tag !== undefined && (
          <button type="button" className="chip" aria-pressed onClick={() => setTag(undefined)}>
            {t.tagged(tag)} ×
          </button>
        )}
      </div>
      {list && <JobListView list={list} isFiltered={choice !== 'all' || tag !== undefined} onTag={setTag} />}
    </>
  );
}

interface ViewProps {
  readonly list: LiveJobList;
  readonly isFiltered: boolean;
  readonly onTag: (tag: string) => void;
}

/** Rows that are not to be seen are asked for so many before they are. */
const aheadRows = 20;

function JobListView({ list, isFiltered, onTag }: ViewProps) {
  const { jobs: all, hasMore, isLoading, problem } = useStore(list);
  const gone = useStore(deletedJobs);
  const jobs = useMemo(() => all.filter(({ id }) => !gone.has(id)), [all, gone]);
  const place = useRef<HTMLUListElement>(null);
  const rows = useWindowVirtualizer({
    count: jobs.length,
    estimateSize: () => 84,
    overscan: 8,
    scrollMargin: place.current?.offsetTop ?? 0,
    getItemKey: (index) => jobs[index]?.id ?? index,
  });
  const visible = rows.getVirtualItems();
  const end = visible.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && end >= jobs.length - aheadRows) list.more();
  }, [list, hasMore, end, jobs.length]);

  if (problem !== null) return <Problem problem={problem} />;
  if (jobs.length === 0) {
    if (isLoading) return <p className="waiting">{t.loading}</p>;
    return isFiltered ? <p className="waiting">{t.emptyFilter}</p> : <Empty />;
  }
  return (
    <ul className="jobs" ref={place} style={{ height: rows.getTotalSize() }}>
      {visible.map(({ index, key, start }) => {
        const job = jobs[index];
        return (
          job && (
            <li
              key={key}
              ref={rows.measureElement}
              data-index={index}
              aria-setsize={hasMore ? -1 : jobs.length}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start - rows.options.scrollMargin}px)` }}
            >
              <JobItem job={job} onChange={list.put} onTag={onTag} />
            </li>
          )
        );
      })}
    </ul>
  );
}

function Empty() {
  return (
    <div className="empty">
      <h2>{t.emptyTitle}</h2>
      <p>{t.emptyMore}</p>
    </div>
  );
}

function Problem({ problem }: { readonly problem: unknown }) {
  const { message, hint } = problem instanceof PhonographError ? problem : { message: t.connectionLost, hint: null };
  return (
    <p className="problem" role="alert">
      {message} {hint}
    </p>
  );
}
