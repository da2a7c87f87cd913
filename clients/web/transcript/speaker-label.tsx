import { type SyntheticEvent, useState } from 'react';
import { successOf } from '../connection.ts';
import { t } from '../messages/messages.ts';
import { MergeSpeakersDocument, RenameSpeakerDocument } from '../operations.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useMayWrite, useSession } from '../session.tsx';
import { act } from '../toasts.tsx';
import type { Speaker } from './live-transcript.ts';

interface LabelProps {
  readonly jobId: string;
  readonly speaker: Speaker;
  /** All of the transcript. */
  readonly speakers: readonly Speaker[];
  /** Whether the job has ended: before, nobody can be merged. */
  readonly mayMerge: boolean;
}

/** Who speaks from here on, in a colour of one's own; a click names them. */
export function SpeakerLabel(label: LabelProps) {
  const { speaker } = label;
  const mayWrite = useMayWrite();
  const [isOpen, setOpen] = useState(false);
  const colour = `speaker speaker-${(Number(speaker.key) - 1) % 8}`;
  // Who is not known to the server yet, without an id, has a name in a moment.
  if (!mayWrite || speaker.id === '') return <span className={colour}>{speaker.label}</span>;
  return (
    <>
      <button type="button" className={colour} aria-label={t.speakerOf(speaker.label)} onClick={() => setOpen(true)}>
        {speaker.label}
      </button>
      {isOpen && <SpeakerDialog {...label} onClose={() => setOpen(false)} />}
    </>
  );
}

function SpeakerDialog({ jobId, speaker, speakers, mayMerge, onClose }: LabelProps & { readonly onClose: () => void }) {
  const { connection } = useSession();
  const save = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget).get('name');
    const name = typeof given === 'string' && given.trim() !== '' ? given.trim() : null;
    act(async () => {
      successOf((await connection.change(RenameSpeakerDocument, { jobId, key: speaker.key, name })).renameSpeaker);
      onClose();
    });
  };
  const others = speakers.filter(({ key }) => key !== speaker.key);
  const merge = (into: string) =>
    act(async () => {
      successOf((await connection.change(MergeSpeakersDocument, { jobId, keys: [speaker.key], into })).mergeSpeakers);
      onClose();
    });
  return (
    <Dialog title={speaker.label} onClose={onClose}>
      <form onSubmit={save} className="stack">
        <label>
          {t.renameSpeaker}
          <input data-first name="name" maxLength={100} defaultValue={speaker.name ?? ''} />
        </label>
        <div className="buttons">
          <button type="submit" className="main">
            {t.save}
          </button>
        </div>
      </form>
      {mayMerge && others.length > 0 && (
        <label className="merge">
          {t.merge}
          <select value="" onChange={({ target }) => merge(target.value)}>
            <option value="" />
            {others.map(({ key, label }) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
    </Dialog>
  );
}
