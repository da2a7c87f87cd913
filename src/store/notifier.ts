/** What can change: a job, whether a job is there, which jobs wait and run, the lines of the log, a model or its download, whether a model is installed, the settings, and what a worker is told. */
export type Topic = 'job' | 'jobDeleted' | 'queue' | 'log' | 'model' | 'modelInstalled' | 'setting' | 'worker';

/**
 * "Something changed for job X": carries no data, readers look in the table.
 *
 * One process notifies and listens here; several machines put the same two calls on PostgreSQL's NOTIFY.
 */
export interface Notifier {
  /** Says that something of this topic has changed. The key is the id of the job or model; of the log, the id of the job that lines are about, or ''. */
  notify(topic: Topic, key: string): void;
  /** Calls the listener for each change of a topic, or only for those of one key. The listener must not throw and must not block. */
  listen(topic: Topic, listener: (key: string) => void, key?: string): Disposable;
}

/** Opens a notifier for the listeners of this process. */
export function openNotifier(): Notifier {
  const listeners = new Map<string, Set<(key: string) => void>>();
  return {
    notify(topic, key) {
      for (const name of [topic, `${topic} ${key}`]) {
        for (const listener of listeners.get(name) ?? []) listener(key);
      }
    },
    listen(topic, listener, key) {
      const name = key === undefined ? topic : `${topic} ${key}`;
      const those = listeners.get(name) ?? new Set();
      listeners.set(name, those.add(listener));
      return {
        [Symbol.dispose]() {
          those.delete(listener);
          if (those.size === 0 && listeners.get(name) === those) listeners.delete(name);
        },
      };
    },
  };
}

/** Changes of the same key within this time are one: at most four a second. */
export const coalesceMs = 250;

/** What is listened to, and how long after the beginning and after each call the next may come. */
interface Ticks {
  readonly notifier: Pick<Notifier, 'listen'>;
  readonly topic: Topic;
  readonly ms: number;
}

/** Calls the listener for changes of a topic, once for all that come within a time. */
export function listenEvery({ notifier, topic, ms }: Ticks, listener: () => void): Disposable {
  let last = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const tick = () => {
    timer = undefined;
    last = performance.now();
    listener();
  };
  const listening = notifier.listen(topic, () => {
    timer ??= setTimeout(tick, Math.max(0, last + ms - performance.now()));
  });
  return {
    [Symbol.dispose]() {
      listening[Symbol.dispose]();
      clearTimeout(timer);
    },
  };
}

/** Misses no change between two waits, and keeps no more than the keys of what changed. */
export interface Subscription extends Disposable {
  /** The keys of what changed since the last answer; waits for one where there is none. Empty once the signal is aborted. */
  changes(signal: AbortSignal): Promise<ReadonlySet<string>>;
}

const nobody = (): void => undefined;

/** Listens from now on, to a whole topic or to one key of it. */
export function subscribe(notifier: Pick<Notifier, 'listen'>, topic: Topic, key?: string): Subscription {
  let changed = new Set<string>();
  let wake = nobody;
  const add = (each: string) => {
    changed.add(each);
    wake();
  };
  const listening = notifier.listen(topic, add, key);
  return {
    async changes(signal) {
      if (changed.size === 0 && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        signal.addEventListener('abort', wake, { once: true });
        await promise;
        signal.removeEventListener('abort', wake);
      }
      const answer = changed;
      changed = new Set();
      return signal.aborted ? new Set() : answer;
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}
