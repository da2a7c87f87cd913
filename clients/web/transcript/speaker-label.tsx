import { type SyntheticEvent, useState } from 'react';
import { successOf } from '../connection.ts';
import { t } from '../messages/messages.ts';
import { RenameSpeakerDocument } from '../operations.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useMayWrite, useSession } from '../session.tsx';
import { act } from '../toasts.tsx';
import type { Speaker } from './live-transcript.ts';

interface LabelProps {
  readonly jobId: string;
  readonly speaker: Speaker;
}

/** Who speaks from here on, in a colour of one's own; a click names them. */
export function SpeakerLabel({ jobId, speaker }: LabelProps) {
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
      {isOpen && <SpeakerDialog jobId={jobId} speaker={speaker} onClose={() => setOpen(false)} />}
    </>
  );
}

function SpeakerDialog({ jobId, speaker, onClose }: LabelProps & { readonly onClose: () => void }) {
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
    </Dialog>
  );
}
