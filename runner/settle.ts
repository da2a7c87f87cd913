import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '#src/logs/log.ts';
import { isSettled, lookAgain, type Settling } from '#src/media/settling.ts';
import type { MediaStore } from '#src/media/store.ts';
import type { Notifier } from '#src/store/notifier.ts';
import type { JobSettler } from '#src/store/store.ts';
import { retry } from '#src/operations/retry.ts';
import { openWakeUp } from '#src/operations/wake-up.ts';

interface SettlingParts {
  readonly store: JobSettler;
  readonly notifier: Notifier;
  readonly media: Pick<MediaStore, 'look'>;
  readonly log: Log;
  readonly nowMs?: () => number;
}

/** Between two looks at a recording. */
const lookMs = 500;
/** For what this process is not told of. */
const slowTickMs = 5000;

/**
 * Looks at the recordings that may still be written to, as somebody who copies them into a media root does, and has their jobs given out once nobody
 * has for a while. What is written to without end is taken as it is after a minute, and fails where it changes while it is read.
 */
export function startSettling({ store, notifier, media, log, nowMs = () => performance.now() }: SettlingParts) {
  const stopping = new AbortController();
  const wakeUp = openWakeUp();
  const files = new Map<string, Settling>();

  const ask = <T>(what: string, act: () => Promise<T>): Promise<T> =>
    retry(act, { log, what, signal: stopping.signal });

  async function look({ id, key }: Awaited<ReturnType<JobSettler['settling']>>[number]): Promise<void> {
    const before = files.get(id);
    // A disk that does not answer may be there again at the next look; a file that is gone is for the job to tell.
    const seen = await media.look(key).catch(() => before?.look ?? null);
    const time = nowMs();
    const file = seen === null ? null : lookAgain(before, seen, time);
    if (file !== null && !isSettled(file, time)) {
      if (before === undefined) log.info({ job: id, bytes: file.look.bytes }, 'recording may still be written to');
      files.set(id, file);
      return;
    }
    files.delete(id);
    await ask('settle', () => store.settle(id, file?.look.bytes ?? null));
  }

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      const jobs = await ask('settling', () => store.settling());
      const waiting = new Set(jobs.map(({ id }) => id));
      for (const id of files.keys()) if (!waiting.has(id)) files.delete(id);
      for (const job of jobs) if (!stopping.signal.aborted) await look(job);
      // Aborted: that is what the loop asks next.
      await sleep(lookMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (files.size === 0 && !stopping.signal.aborted) await wakeUp.sleep(slowTickMs);
    }
  }

  const working = work().catch((err: unknown) => {
    if (!stopping.signal.aborted) log.fatal({ err }, 'recordings are no longer waited for');
  });
  const listening = notifier.listen('queue', wakeUp.wake);
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      listening[Symbol.dispose]();
      stopping.abort();
      wakeUp.wake();
      await working;
    },
  };
}
