import { memo } from 'react';
import { clock, duration, exactTime, languageName, nameOf, percent, shortTime } from '../format.ts';
import { t } from '../messages/messages.ts';
import type { JobRowFragment } from '../operations.ts';
import { links } from '../route.ts';
import { useMayWrite } from '../session.tsx';
import { JobActions } from './job-actions.tsx';

interface ItemProps {
  readonly job: JobRowFragment;
  readonly onChange: (job: JobRowFragment) => void;
  readonly onTag?: ((tag: string) => void) | undefined;
}

/** A job in a list: what it is, how far it is, what can be done with it. */
export const JobItem = memo(function JobItem({ job, onChange, onTag }: ItemProps) {
  const { id, media, tags, createdAt, language, owner } = job;
  const mayWrite = useMayWrite();
  return (
    <article className="job">
      <div className="job-main">
        <a className="job-name" href={links.job(id)}>
          {nameOf(job)}
        </a>
        <div className="job-facts">
          {media.durationSeconds !== null && <span>{clock(media.durationSeconds)}</span>}
          {language && <span>{languageName(language.code)}</span>}
          <time dateTime={createdAt} title={exactTime(createdAt)}>
            {shortTime(createdAt)}
          </time>
          {owner !== null && <span>{owner}</span>}
          {tags.map((tag) => (
            <button key={tag} type="button" className="tag" onClick={() => onTag?.(tag)} disabled={onTag === undefined}>
              {tag}
            </button>
          ))}
        </div>
      </div>
      <JobState job={job} />
      {mayWrite && <JobActions job={job} onChange={onChange} />}
    </article>
  );
});

/** How far a job is, in words and as a bar. */
export function JobState({ job }: { readonly job: JobRowFragment }) {
  const { status, progress, failure, cancelRequestedAt } = job;
  const isUnderWay = status === 'WORKING' && cancelRequestedAt === null;
  return (
    <div className={`state state-${status.toLowerCase()}`}>
      <span>{stateText(job)}</span>
      {isUnderWay && (
        <progress value={progress.fraction} max={1} aria-label={t.progressOf(nameOf(job))}>
          {percent(progress.fraction)}
        </progress>
      )}
      {status === 'FAILED' && failure && <small title={failure.hint ?? undefined}>{failure.message}</small>}
    </div>
  );
}

function stateText({ status, progress, cancelRequestedAt, queuePosition, estimatedStartAt }: JobRowFragment): string {
  if (cancelRequestedAt !== null && status === 'WORKING') return t.cancelling;
  if (status === 'QUEUED') {
    const place = queuePosition === null ? t.status.QUEUED : t.place(queuePosition);
    return estimatedStartAt === null ? place : `${place}, ${t.begins(shortTime(estimatedStartAt))}`;
  }
  if (status !== 'WORKING') return t.status[status];
  const { stage, fraction, etaSeconds } = progress;
  if (etaSeconds !== null && stage === 'TRANSCRIBING')
    return `${percent(fraction)}, ${t.remaining(duration(etaSeconds))}`;
  return t.stages[stage];
}
