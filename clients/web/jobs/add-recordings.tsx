import { type SyntheticEvent, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { t } from '../messages/messages.ts';
import { MediaRootsDocument } from '../operations.ts';
import { Dialog } from '../parts/dialog.tsx';
import { addDrafts } from './drafts.ts';
import { recordingsOf } from './dropped-files.ts';
import { MediaPicker } from './media-picker.tsx';

const take = (list: FileList | null) => addDrafts(recordingsOf([...(list ?? [])]));

/** Where new recordings are added: the whole window takes what is dropped, this says so and has the other ways. */
export function AddRecordings() {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [picking, setPicking] = useState<'SERVER' | 'LINK' | null>(null);
  const close = () => setPicking(null);
  const [{ data }] = useQuery({ query: MediaRootsDocument });
  return (
    <>
      <section className="add">
        <h2>{t.dropTitle}</h2>
        <p>{t.dropMore}</p>
        <div className="buttons">
          <button type="button" className="main" onClick={() => files.current?.click()}>
            {t.chooseFiles}
          </button>
          <button type="button" className="choose-folder" onClick={() => folder.current?.click()}>
            {t.chooseFolder}
          </button>
          {data?.configOptions.mediaRoots != null && (
            <button type="button" onClick={() => setPicking('SERVER')}>
              {t.chooseOnServer}
            </button>
          )}
          <button type="button" onClick={() => setPicking('LINK')}>
            {t.pasteLink}
          </button>
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
      </section>
      {picking === 'SERVER' && <MediaPicker onClose={close} />}
      {picking === 'LINK' && <LinkDialog onClose={close} />}
    </>
  );
}

/** Asks for the address of a recording. */
function LinkDialog({ onClose }: { readonly onClose: () => void }) {
  const add = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const url = new FormData(event.currentTarget).get('url');
    if (typeof url !== 'string') return;
    onClose();
    addDrafts([{ kind: 'URL', name: url, url }]);
  };
  return (
    <Dialog title={t.pasteLink} onClose={onClose}>
      <form onSubmit={add} className="stack">
        <label>
          {t.link}
          <input
            data-first
            name="url"
            type="url"
            required
            maxLength={2000}
            pattern="https?://.+"
            placeholder="https://"
          />
          <small>{t.linkHint}</small>
        </label>
        <div className="buttons">
          <button type="submit" className="main">
            {t.add}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
