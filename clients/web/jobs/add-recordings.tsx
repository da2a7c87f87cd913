import { useRef, useState } from 'react';
import { t } from '../messages/messages.ts';
import { useSession } from '../session.tsx';
import { addDrafts } from './drafts.ts';
import { recordingsOf } from './dropped-files.ts';
import { MediaPicker } from './media-picker.tsx';

const take = (list: FileList | null) => addDrafts(recordingsOf([...(list ?? [])]));

/** Where new recordings are added: the whole window takes what is dropped, this says so and has the other ways. */
export function AddRecordings() {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [isPicking, setPicking] = useState(false);
  const { role } = useSession();
  return (
    <section className="add">
      <h2>{t.dropTitle}</h2>
      <p>{t.dropMore}</p>
      <div className="buttons">
        <button type="button" className="main" onClick={() => files.current?.click()}>
          {t.chooseFiles}
        </button>
        <button type="button" onClick={() => folder.current?.click()}>
          {t.chooseFolder}
        </button>
        {role === 'ADMIN' && (
          <button type="button" onClick={() => setPicking(true)}>
            {t.chooseOnServer}
          </button>
        )}
      </div>
      <p className="hint">{t.stayHere}</p>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        onChange={({ target }) => take(target.files)}
        aria-label={t.chooseFiles}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label={t.chooseFolder}
        onChange={({ target }) => take(target.files)}
        {...{ webkitdirectory: '' }}
      />
      {isPicking && <MediaPicker onClose={() => setPicking(false)} />}
    </section>
  );
}
