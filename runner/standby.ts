import type { Config } from '#src/config/config.ts';
import type { Log } from '#src/logs/log.ts';
import { type EngineKind, kindArguments } from './engine-request.ts';
import { type Child, startChild } from './process/child.ts';

/** An engine that loads a model ahead and waits for exactly one job, which then need not wait for the model. */
export interface Standby extends AsyncDisposable {
  /** How many engines wait: 0 or 1. */
  readonly count: number;
  /** The waiting engine, from now on the caller's, where it is of this kind; null where none is. */
  take(kind: EngineKind): Child | null;
  /** Starts an engine of this kind, unless one waits already; one of another kind makes room. */
  prepare(kind: EngineKind): void;
  /** Ends a waiting engine that has this model loaded, and waits for its end. */
  release(model: string): Promise<void>;
}

/** What a standby is opened with. */
interface StandbyParts {
  readonly config: Config;
  readonly log: Log;
}

/** Opens the place where an engine may wait; `server.standby` 0 leaves it empty. */
export function openStandby({ config, log }: StandbyParts): Standby {
  const { engineCommand, engineStopSeconds, standby } = config.server;
  let waiting: { readonly name: string; readonly model: string; readonly child: Child } | null = null;
  let open = standby > 0;

  const notEnded = (err: unknown): void => log.error({ err }, 'standby not ended');

  async function dismiss(): Promise<void> {
    const child = waiting?.child;
    waiting = null;
    await child?.end(engineStopSeconds * 1000);
    child?.[Symbol.dispose]();
  }

  function start(kind: EngineKind): Child {
    const child = startChild([...engineCommand, '--standby', kind.model.path, ...kindArguments(kind)]);
    forgetWhenGone(child).catch(notEnded);
    return child;
  }

  /** It is not started again before a job has run: a model that cannot be loaded must not spin. */
  async function forgetWhenGone(child: Child): Promise<void> {
    const { exitCode, signal } = await child.exited;
    if (waiting?.child !== child) return;
    waiting = null;
    log.warn({ exitCode, signal, text: child.stderrTail() }, 'standby ended');
    child[Symbol.dispose]();
  }

  return {
    get count() {
      return waiting === null ? 0 : 1;
    },
    take(kind) {
      if (waiting?.name !== nameOf(kind)) return null;
      const { child } = waiting;
      waiting = null;
      return child;
    },
    prepare(kind) {
      const name = nameOf(kind);
      if (!open || waiting?.name === name) return;
      dismiss().catch(notEnded);
      waiting = { name, model: kind.model.id, child: start(kind) };
    },
    async release(model) {
      if (waiting?.model === model) await dismiss();
    },
    async [Symbol.asyncDispose]() {
      open = false;
      await dismiss();
    },
  };
}

function nameOf({ model, device, computeType, threads }: EngineKind): string {
  return [model.path, device, computeType, threads].join('\n');
}
