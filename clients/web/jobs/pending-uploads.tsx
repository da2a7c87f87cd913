import { t } from '../messages/messages.ts';
import { useStore } from '../store.ts';
import { size } from '../format.ts';
import { dropUpload, retryUpload, type Upload, uploads } from './drafts.ts';

/** Recordings that are on their way to the server. */
export function PendingUploads() {
  const all = useStore(uploads);
  if (all.length === 0) return null;
  return (
    <ul className="plain uploads" aria-label={t.sendingWaits}>
      {all.map((upload) => (
        <li key={upload.id}>
          <UploadItem upload={upload} />
        </li>
      ))}
    </ul>
  );
}

function UploadItem({ upload: { id, name, bytes, sentBytes, state, problem, hint } }: { readonly upload: Upload }) {
  const share = bytes === 0 ? 0 : Math.floor((100 * sentBytes) / bytes);
  return (
    <article className="job">
      <div className="job-main">
        <span className="job-name">{name}</span>
        <div className="job-facts">
          <span>{size(bytes)}</span>
          {problem !== null && (
            <span className="problem" role="alert">
              {problem} {hint}
            </span>
          )}
        </div>
      </div>
      <div className={state === 'FAILED' ? 'state state-failed' : 'state state-working'}>
        <span>{state === 'SENDS' ? t.sending(share) : state === 'WAITS' ? t.sendingWaits : t.sendingFailed}</span>
        {state === 'SENDS' && <progress value={share} max={100} aria-label={t.progressOf(name)} />}
      </div>
      {state === 'FAILED' && (
        <button type="button" onClick={() => retryUpload(id)}>
          {t.retry}
        </button>
      )}
      <button type="button" className="icon" aria-label={`${t.cancel}: ${name}`} onClick={() => dropUpload(id)}>
        ×
      </button>
    </article>
  );
}
