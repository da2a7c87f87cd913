import { useQuery, useSubscription } from 'urql';
import { successOf } from '../connection.ts';
import { percent, size } from '../format.ts';
import { t } from '../messages/messages.ts';
import {
  CancelDownloadDocument,
  DownloadModelDocument,
  ModelChangedDocument,
  ModelsDocument,
  type ModelStateFragment,
  RemoveModelDocument,
} from '../operations.ts';
import { useSession } from '../session.tsx';
import { act } from '../toasts.tsx';

/** The models, which can be downloaded and removed. */
export function Models() {
  const [{ data }] = useQuery({ query: ModelsDocument, requestPolicy: 'cache-and-network' });
  useSubscription({ query: ModelChangedDocument });
  return (
    <section className="card" aria-labelledby="models">
      <h2 id="models">{t.models}</h2>
      <ul className="plain rows">
        {data?.models.map((model) => (
          <li key={model.id}>
            <ModelItem model={model} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function ModelItem({ model: { id, installed, bytes, downloading, problem } }: { readonly model: ModelStateFragment }) {
  const { connection } = useSession();
  const download = () =>
    act(async () => successOf((await connection.change(DownloadModelDocument, { id })).downloadModel));
  const stop = () =>
    act(async () => successOf((await connection.change(CancelDownloadDocument, { id })).cancelDownload));
  const remove = () => {
    if (confirm(t.modelRemoveSure(id))) {
      act(async () => successOf((await connection.change(RemoveModelDocument, { id })).removeModel));
    }
  };
  return (
    <div className="row">
      <span className="row-name">
        {id} {bytes !== null && <small>{size(bytes)}</small>}
        {problem !== null && <small className="problem">{problem}</small>}
      </span>
      {downloading !== null ? (
        <>
          <progress value={downloading} max={1} aria-label={t.progressOf(id)} />
          <span className="clock">{percent(downloading)}</span>
          <button type="button" aria-label={`${t.cancel}: ${id}`} onClick={stop}>
            {t.cancel}
          </button>
        </>
      ) : installed ? (
        <>
          <span className="good">{t.modelInstalled}</span>
          <button type="button" aria-label={`${t.modelRemove}: ${id}`} onClick={remove}>
            {t.modelRemove}
          </button>
        </>
      ) : (
        <button type="button" aria-label={`${t.modelInstall}: ${id}`} onClick={download}>
          {t.modelInstall}
        </button>
      )}
    </div>
  );
}
