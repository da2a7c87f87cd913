import { useEffect, useMemo, useState } from 'react';
import { PhonographError } from '../../js/client.ts';
import { JobActions } from '../jobs/job-actions.tsx';
import { JobState } from '../jobs/job-item.tsx';
import { clock, exactTime, languageName, nameOf, shortTime } from '../format.ts';
import { t } from '../messages/messages.ts';
import { go, links } from '../route.ts';
import { useMayWrite, useSession } from '../session.tsx';
import { useStore } from '../store.ts';
import { ExportDialog } from './export-dialog.tsx';
import { FindBar } from './find-bar.tsx';
import { DetectSpeakers } from './detect-speakers.tsx';
import { EditState } from './edit-state.tsx';
import { type Editor, type Edits, openEditor, overlaid } from './editor.ts';
import { type Job, type LiveTranscript, openTranscript, type Segment } from './live-transcript.ts';
import { openPlayer } from './player.ts';
import { PlayerBar } from './player-bar.tsx';
import { PrintedText } from './printed-text.tsx';
import { SegmentList } from './segment-list.tsx';
import { useKeys } from './keys.ts';
import { type Finding, noFinding } from './finding.ts';

/** One recording with its text; `atSeconds` where a link leads to a place in it. */
export function JobPage({ id, atSeconds }: { readonly id: string; readonly atSeconds: number | null }) {
  const { connection } = useSession();
  const [live, setLive] = useState<LiveTranscript | null>(null);
  useEffect(() => {
    const opened = openTranscript(connection, id);
    setLive(opened);
    return () => opened.close();
  }, [connection, id]);
  return live && <LivePage live={live} atSeconds={atSeconds} />;
}

interface PageProps {
  readonly live: LiveTranscript;
  readonly atSeconds: number | null;
}

function LivePage({ live, atSeconds }: PageProps) {
  const { job, isMissing, problem } = useStore(live);
  if (isMissing) {
    return (
      <div className="empty">
        <h1>{t.nothingHere}</h1>
        <a href={links.list}>{t.toRecordings}</a>
      </div>
    );
  }
  if (problem !== null) {
    return (
      <p className="problem" role="alert">
        {problem instanceof PhonographError ? `${problem.message} ${problem.hint ?? ''}` : t.connectionLost}
      </p>
    );
  }
  return job === null ? <p className="waiting">{t.loading}</p> : <Loaded live={live} job={job} atSeconds={atSeconds} />;
}

function Loaded({ live, job, atSeconds }: PageProps & { readonly job: Job }) {
  const { segments: stored, isWhole } = useStore(live);
  const editor = useEditor(live, job);
  const segments = useEdited(stored, editor);
  const player = useMemo(openPlayer, []);
  const [isFollowing, setFollowing] = useState(true);
  const [finding, setFinding] = useState<Finding>(noFinding);
  const [isExporting, setExporting] = useState(false);
  useEffect(() => {
    document.title = `${nameOf(job)} · Phonograph`;
  }, [job]);
  useEffect(() => {
    if (atSeconds !== null) player.seek(atSeconds);
  }, [player, atSeconds]);
  useKeys(player, () => setFinding((now) => ({ ...now, isOpen: true })));
  return (
    <article className="transcript">
      <Heading
        live={live}
        job={job}
        editor={editor}
        onExport={() => setExporting(true)}
        onFind={() => setFinding({ ...finding, isOpen: true })}
      />
      {finding.isOpen && <FindBar segments={segments} finding={finding} editor={editor} onChange={setFinding} />}
      <PlayerBar player={player} job={job} isFollowing={isFollowing} onFollow={setFollowing} />
      <SegmentList
        job={job}
        segments={segments}
        isWhole={isWhole}
        player={player}
        isFollowing={isFollowing}
        startSeconds={atSeconds}
        finding={finding}
        editor={editor}
      />
      <p className="hint keys">{t.keys}</p>
      <PrintedText job={job} segments={segments} />
      {isExporting && <ExportDialog job={job} segments={segments} onClose={() => setExporting(false)} />}
    </article>
  );
}

interface HeadingProps extends Pick<PageProps, 'live'> {
  readonly job: Job;
  readonly editor: Editor | null;
  readonly onExport: () => void;
  readonly onFind: () => void;
}

function Heading({ live, job, editor, onExport, onFind }: HeadingProps) {
  const mayWrite = useMayWrite();
  const { media, language, createdAt, status } = job;
  return (
    <header className="heading">
      <div>
        <h1>{nameOf(job)}</h1>
        <div className="job-facts">
          {job.title !== null && <span>{media.name}</span>}
          {media.durationSeconds !== null && <span>{clock(media.durationSeconds)}</span>}
          {language && <span>{languageName(language.code)}</span>}
          <time dateTime={createdAt} title={exactTime(createdAt)}>
            {shortTime(createdAt)}
          </time>
          {job.tags.map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
        </div>
        {media.warnings.map((warning) => (
          <p key={warning} className="hint">
            {warning}
          </p>
        ))}
        {status === 'FAILED' && job.failure?.hint != null && <p className="hint">{job.failure.hint}</p>}
      </div>
      <div className="buttons">
        {status !== 'COMPLETED' && <JobState job={job} />}
        <span className="unseen" role="status">
          {t.announceStatus(nameOf(job), status === 'WORKING' ? t.stages[job.progress.stage] : t.status[status])}
        </span>
        {editor && job.options.diarize && <DetectSpeakersButton live={live} editor={editor} />}
        {editor && <EditState editor={editor} isEdited={job.edited} />}
        <button type="button" onClick={onFind}>
          {t.find}
        </button>
        <button type="button" className="main" onClick={onExport}>
          {t.export}
        </button>
        {mayWrite && <JobActions job={job} onChange={live.put} onDelete={() => go(links.list)} />}
      </div>
    </header>
  );
}

function DetectSpeakersButton({ live, editor }: { readonly live: LiveTranscript; readonly editor: Editor }) {
  const [isOpen, setOpen] = useState(false);
  const { unsaved } = useStore(editor);
  return (
    <>
      <button type="button" disabled={unsaved.size > 0} onClick={() => setOpen(true)}>
        {t.speakersOf}
      </button>
      {isOpen && <DetectSpeakers live={live} onClose={() => setOpen(false)} />}
    </>
  );
}

/** What corrects the transcript, once its job has ended and the caller may. */
function useEditor(live: LiveTranscript, { id, status }: Job): Editor | null {
  const { connection } = useSession();
  const mayEdit = useMayWrite() && status !== 'QUEUED' && status !== 'WORKING';
  const [editor, setEditor] = useState<Editor | null>(null);
  useEffect(() => {
    if (!mayEdit) return undefined;
    const opened = openEditor(connection, id, live);
    setEditor(opened);
    return () => {
      setEditor(null);
      opened.close();
    };
  }, [connection, id, live, mayEdit]);
  return editor;
}

const noEdits = { subscribe: () => () => {}, get: () => null };

/** The segments with what is not saved yet. */
function useEdited(segments: readonly Segment[], editor: Editor | null): readonly Segment[] {
  const edits = useStore<Edits | null>(editor ?? noEdits);
  const unsaved = edits?.unsaved;
  return useMemo(
    () =>
      unsaved === undefined || unsaved.size === 0
        ? segments
        : segments.map((each) => overlaid(each, unsaved.get(each.index))),
    [segments, unsaved],
  );
}
