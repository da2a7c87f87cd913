import { type SyntheticEvent, useState } from 'react';
import { successOf } from '../connection.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Menu, type MenuItem } from '../parts/menu.tsx';
import { nameOf } from '../format.ts';
import { t } from '../messages/messages.ts';
import { CancelDocument, type JobRowFragment, RetryDocument, UpdateJobDocument } from '../operations.ts';
import { useSession } from '../session.tsx';
import { act } from '../toasts.tsx';
import { deleteJob } from './deletion.ts';

interface ActionsProps {
  readonly job: JobRowFragment;
  /** Told what the server says about the job after a change. */
  readonly onChange: (job: JobRowFragment) => void;
  readonly onDelete?: () => void;
}

/** What can be done with a job: cancel, try again, rename, tag, delete. */
export function JobActions({ job, onChange, onDelete }: ActionsProps) {
  const { connection } = useSession();
  const [editing, setEditing] = useState<'title' | 'tags' | null>(null);
  const { id, status } = job;
  const cancel = () =>
    act(async () => onChange(successOf((await connection.change(CancelDocument, { id })).cancel).job));
  const retry = (fromStart: boolean) =>
    act(async () => onChange(successOf((await connection.change(RetryDocument, { id, fromStart })).retry).job));
  const isOver = status === 'FAILED' || status === 'CANCELLED';
  const items: readonly (MenuItem | false)[] = [
    isOver && { label: t.retry, run: () => retry(false) },
    isOver && { label: t.fromStart, run: () => retry(true) },
    (status === 'QUEUED' || status === 'WORKING') && { label: t.cancel, run: cancel },
    { label: t.rename, run: () => setEditing('title') },
    { label: t.editTags, run: () => setEditing('tags') },
    status !== 'WORKING' && {
      label: t.delete,
      isDangerous: true,
      run: () => {
        deleteJob(connection, { id, name: nameOf(job) });
        onDelete?.();
      },
    },
  ];
  return (
    <>
      <Menu label={t.actionsOf(nameOf(job))} items={items.filter((item) => item !== false)} />
      {editing !== null && <EditLabels job={job} what={editing} onChange={onChange} onClose={() => setEditing(null)} />}
    </>
  );
}

interface EditProps extends Pick<ActionsProps, 'job' | 'onChange'> {
  readonly what: 'title' | 'tags';
  readonly onClose: () => void;
}

function EditLabels({ job, what, onChange, onClose }: EditProps) {
  const { connection } = useSession();
  const [text, setText] = useState(what === 'title' ? nameOf(job) : job.tags.join(', '));
  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    const input = what === 'title' ? { title: text.trim() === '' ? null : text.trim() } : { tags: tagsOf(text) };
    act(async () => {
      onChange(successOf((await connection.change(UpdateJobDocument, { id: job.id, input })).updateJob).job);
      onClose();
    });
  };
  return (
    <Dialog title={what === 'title' ? t.rename : t.editTags} onClose={onClose}>
      <form onSubmit={save} className="stack">
        <label>
          {what === 'title' ? t.name : t.tags}
          <input data-first value={text} maxLength={500} onChange={({ target }) => setText(target.value)} />
          {what === 'tags' && <small>{t.tagsHint}</small>}
        </label>
        <div className="buttons">
          <button type="submit" className="main">
            {t.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Tags as somebody writes them in one field. */
export function tagsOf(text: string): readonly string[] {
  return [...new Set(text.split(',').map((each) => each.trim()))].filter((each) => each !== '');
}
