import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { takeLock } from '../../src/setup/files.mjs';
import { type OwnServer, root, startOwnServer, stopMs } from './own-server.ts';

const lookMs = 200;

/** The server at this machine's port: one that is there, or one that is started here and ends with this program. */
export interface LocalServer extends AsyncDisposable {
  readonly url: string;
  /** Whether this program has started it. It may come to that later: a server that another command has started ends with that. */
  readonly isOwn: boolean;
  /** Aborts when an own server ends by itself, or cannot be started, with its last lines as the reason. */
  readonly failed: AbortSignal;
}

/** Who a server is for. */
export interface LocalServerNeeds {
  readonly signal: AbortSignal;
  /** Told of what takes time: a server that is started, or that does not answer. */
  readonly say: (text: string) => void;
  /** Whether a server that is started keeps an engine ready. */
  readonly transcribes?: boolean;
}

/**
 * Of commands side by side one starts the server, and the others use it; when that one ends, and the server with it, the next of them starts another at
 * the same address. Throws a CommandError where none is there and none can be started.
 */
export async function openLocalServer(needs: LocalServerNeeds): Promise<LocalServer> {
  const address = `http://127.0.0.1:${localPort()}`;
  const [failed, leaving] = [new AbortController(), new AbortController()];
  const signal = AbortSignal.any([needs.signal, leaving.signal]);
  const stack = new AsyncDisposableStack();
  let own = null as OwnServer | null;

  async function startInTurn(): Promise<void> {
    let hasWaited = false;
    const giveBack = await takeLock(`server at ${address}`, {
      signal,
      onWait: () => (hasWaited = true),
    });
    stack.defer(giveBack);
    // A command that was killed leaves a server behind that is just being stopped.
    own = await startUnlessThere(address, { ...needs, signal, patienceMs: hasWaited ? stopMs : 0 });
    if (own === null) return giveBack();
    const { ended } = stack.use(own);
    ended.addEventListener('abort', () => failed.abort(ended.reason));
  }

  const turn = startInTurn().catch((error: unknown) => failed.abort(error));
  const dispose = async () => {
    leaving.abort();
    await turn;
    await stack.disposeAsync();
  };
  try {
    const hadTurn = turn.then(() => true);
    while (!(await isThere(address, signal))) if (await Promise.race([hadTurn, sleep(lookMs, false)])) break;
    failed.signal.throwIfAborted();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    url: own?.url ?? address,
    get isOwn() {
      return own !== null;
    },
    failed: failed.signal,
    [Symbol.asyncDispose]: dispose,
  };
}

interface Starting extends LocalServerNeeds {
  readonly patienceMs: number;
}

/** A server of its own, or null where one is there that stays. */
async function startUnlessThere(url: string, { patienceMs, ...needs }: Starting): Promise<OwnServer | null> {
  const end = Date.now() + patienceMs;
  while (await isThere(url, needs.signal)) {
    if (Date.now() >= end) return null;
    await sleep(lookMs, undefined, { signal: needs.signal });
  }
  needs.say('No server runs here: starting one.');
  // It may be stopping still, or somebody else was faster.
  const start = async () =>
    (await isThere(url, needs.signal)) ? null : await startOwnServer(environment(needs), needs.signal);
  return await pRetry(start, { retries: Infinity, factor: 1, maxRetryTime: patienceMs, signal: needs.signal });
}

/** Whether a server answers at an address. What listens there may be no server, and never answer: the signal ends the wait. */
async function isThere(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`, { signal });
    return answer.ok && (await answer.text()).includes('"status"');
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** For what is asked of this machine's own server: the address that config.json or the environment tells it to listen at. */
function localPort(): number {
  const told = process.env['PHONOGRAPH_LISTEN_PORT'];
  if (told !== undefined && /^\d+$/u.test(told)) return Number(told);
  const files = ['config.json', process.env['PHONOGRAPH_CONFIG'] ?? ''].filter((name) => name !== '');
  return files.map((name) => portIn(resolve(root, name))).findLast((port) => port !== undefined) ?? 4000;
}

function portIn(file: string): number | undefined {
  try {
    const { server }: { readonly server?: { readonly listenPort?: unknown } } = JSON.parse(readFileSync(file, 'utf8'));
    return typeof server?.listenPort === 'number' ? server.listenPort : undefined;
  } catch {
    return undefined; // The server tells what is wrong with its settings.
  }
}

/** The user's own server, data and models, but for this machine alone and for recordings of any size. */
function environment({ transcribes = false }: LocalServerNeeds): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PHONOGRAPH_LISTEN_HOST: '127.0.0.1',
    PHONOGRAPH_LISTEN_PORT: String(localPort()),
    PHONOGRAPH_MAX_UPLOAD_BYTES: String(Number.MAX_SAFE_INTEGER),
    PHONOGRAPH_LOG_LEVEL: 'info',
    ...(transcribes ? {} : { PHONOGRAPH_STANDBY: '0' }),
  };
}
