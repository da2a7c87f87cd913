import { useEffect } from 'react';
import { useMutation, useQuery, useSubscription } from 'urql';
import { duration, size } from '../format.ts';
import { t } from '../messages/messages.ts';
import {
  PauseQueueDocument,
  RestartDocument,
  ResumeQueueDocument,
  ServerDocument,
  type ServerStateFragment,
  ServerStatusDocument,
} from '../operations.ts';
import { useSession } from '../session.tsx';
import { act, tell } from '../toasts.tsx';
import { ApiKeys } from './api-keys.tsx';
import { Logs } from './logs.tsx';
import { Models } from './models.tsx';
import { Settings } from './settings.tsx';
import { Webhooks } from './webhooks.tsx';
import { Workers } from './workers.tsx';

/** The server, for whom it belongs to. */
export function ServerPage() {
  const { role } = useSession();
  const [{ data }] = useQuery({ query: ServerDocument });
  // What it brings stands in the cache, under the server that was asked for.
  useSubscription({ query: ServerStatusDocument });
  useEffect(() => {
    document.title = `${t.server} · Phonograph`;
  }, []);
  if (role !== 'ADMIN') return <p className="waiting">{t.nothingHere}</p>;
  if (data === undefined) return <p className="waiting">{t.loading}</p>;
  const { server } = data;
  return (
    <>
      <h1>{t.server}</h1>
      <div className="cards">
        <Health server={server} />
        <Load server={server} />
        <Queue server={server} />
      </div>
      <Workers workers={server.workers} />
      <Models />
      <Settings />
      <ApiKeys />
      <Webhooks />
      <Logs />
      <section className="card">
        <h2>{t.forDevelopers}</h2>
        <p>
          <a href="graphql">{t.graphiql}</a>
        </p>
      </section>
    </>
  );
}

interface ServerProps {
  readonly server: ServerStateFragment;
}

function Health({ server: { status, version, uptimeSeconds, engine, unauthenticated } }: ServerProps) {
  const { connection } = useSession();
  const restart = () => {
    if (!confirm(t.restartSure)) return;
    act(async () => {
      await connection.change(RestartDocument, {});
      tell(t.restarting);
    });
  };
  const versions = [
    engine.fasterWhisper !== null && `faster-whisper ${engine.fasterWhisper}`,
    engine.ctranslate2 !== null && `CTranslate2 ${engine.ctranslate2}`,
    engine.python !== null && `Python ${engine.python}`,
  ].filter((each) => each !== false);
  return (
    <section className="card">
      <h2>{t.health}</h2>
      <p className={status === 'READY' ? 'good' : 'problem'} role="status">
        {t.serverStates[status]}
      </p>
      {engine.problem !== null && <p className="problem">{engine.problem}</p>}
      <p className="hint">
        {t.version(version)}, {t.runningFor(duration(uptimeSeconds))}
      </p>
      <p className="hint">{versions.join(', ')}</p>
      {unauthenticated === true && <p className="hint">{t.open}</p>}
      <div className="buttons">
        <button type="button" onClick={restart}>
          {t.restart}
        </button>
      </div>
    </section>
  );
}

function Load({ server: { cpu, memory, disk, gpus } }: ServerProps) {
  const usedDisk = disk.totalBytes - disk.freeBytes;
  return (
    <section className="card">
      <h2 className="unseen">{t.processor(cpu.cores)}</h2>
      <Meter name={t.processor(cpu.cores)} share={cpu.utilization} />
      <Meter
        name={t.memory}
        share={memory.usedBytes / memory.totalBytes}
        told={t.usedOf(size(memory.usedBytes), size(memory.totalBytes))}
      />
      <Meter name={t.disk} share={usedDisk / disk.totalBytes} told={t.usedOf(size(usedDisk), size(disk.totalBytes))} />
      {gpus.map(({ index, name, utilization, memoryUsedBytes, memoryTotalBytes }) => (
        <div key={index}>
          <Meter name={t.graphicsCard(name)} share={utilization} />
          <Meter
            name={t.memory}
            share={memoryUsedBytes / memoryTotalBytes}
            told={t.usedOf(size(memoryUsedBytes), size(memoryTotalBytes))}
          />
        </div>
      ))}
    </section>
  );
}

interface MeterProps {
  readonly name: string;
  /** 0 to 1. */
  readonly share: number;
  readonly told?: string;
}

function Meter({ name, share, told }: MeterProps) {
  return (
    <label className="meter">
      <span>{name}</span>
      <span className="clock">{told ?? `${Math.round(share * 100)} %`}</span>
      <meter min={0} max={1} value={share} />
    </label>
  );
}

function Queue({ server: { queue } }: ServerProps) {
  const [, pause] = useMutation(PauseQueueDocument);
  const [, resume] = useMutation(ResumeQueueDocument);
  return (
    <section className="card">
      <h2>{t.queue}</h2>
      <p>{t.queueState(queue.working, queue.slots, queue.queued)}</p>
      {queue.paused && <p className="problem">{t.queuePaused}</p>}
      <div className="buttons">
        <button type="button" onClick={() => act(() => (queue.paused ? resume({}) : pause({})))}>
          {queue.paused ? t.resumeQueue : t.pauseQueue}
        </button>
      </div>
    </section>
  );
}
