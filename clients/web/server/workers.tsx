import { shortTime } from '../format.ts';
import { t } from '../messages/messages.ts';
import { DrainWorkerDocument, type ServerStateFragment } from '../operations.ts';
import { useSession } from '../session.tsx';
import { act } from '../toasts.tsx';

type Worker = ServerStateFragment['workers'][number];

/** Who runs jobs: the server itself, or the workers of a fleet, which can be let go. */
export function Workers({ workers }: { readonly workers: readonly Worker[] }) {
  return (
    <section className="card" aria-labelledby="workers">
      <h2 id="workers">{t.workers}</h2>
      <ul className="plain rows">
        {workers.map((worker) => (
          <li key={worker.id}>
            <WorkerItem worker={worker} isOnly={workers.length === 1} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ItemProps {
  readonly worker: Worker;
  /** The only one of a single machine cannot be let go. */
  readonly isOnly: boolean;
}

function WorkerItem({ worker: { id, name, status, working, slots, devices, seenAt }, isOnly }: ItemProps) {
  const { connection } = useSession();
  const drain = () => {
    if (confirm(t.drainWorkerSure(name))) act(() => connection.change(DrainWorkerDocument, { id }));
  };
  return (
    <div className="row">
      <span className="row-name">
        {name} <small>{devices.join(', ')}</small>
        {status === 'LOST' && <small>{shortTime(seenAt)}</small>}
      </span>
      <span className={status === 'READY' ? 'good' : 'problem'}>{t.workerStates[status]}</span>
      <span className="clock">{t.workerState(working, slots)}</span>
      {!isOnly && status === 'READY' && (
        <button type="button" aria-label={`${t.drainWorker}: ${name}`} onClick={drain}>
          {t.drainWorker}
        </button>
      )}
    </div>
  );
}
