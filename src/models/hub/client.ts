import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { type Dispatcher, EnvHttpProxyAgent, fetch, type Response } from 'undici';
import type { Config } from '../../config/config.ts';
import { openGuardedAgent, PrivateAddressError } from '../../media/address-guard.ts';

/** The Hugging Face hub, or a mirror of it, as this server may speak to it. */
export interface Hub {
  /** Its address, without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | null;
  /** What is asked through; it connects to no private network that the hub leads to. */
  readonly agent: Dispatcher;
  /** How long it may say nothing while an answer is awaited. */
  readonly silenceMs: number;
  /** Before it is asked again for the first time; doubled at each further one. */
  readonly pauseMs: number;
}

/** The hub of the settings. 60 s is what slow lines need; after 1, 2, 4 and 8 s a hub that is restarted is back. */
export function hubOf({ server, hubToken, usesEnvProxy }: Config): Hub {
  const { hubEndpoint: endpoint, urlAllowedCidrs: allowedCidrs } = server;
  // A proxy looks up names itself, and knows what is private there.
  const agent = usesEnvProxy
    ? new EnvHttpProxyAgent()
    : openGuardedAgent({ trustedHost: new URL(endpoint).hostname, allowedCidrs });
  return { endpoint, token: hubToken, agent, silenceMs: 60_000, pauseMs: 1000 };
}

/**
 * Asks the hub for `path` and follows where it sends us: large files lie with a content network, under signed addresses. `fetch` leaves the token behind
 * when that leads to another host (Fetch standard, HTTP-redirect fetch). Answers 200, 206 or 416; throws HubError for everything else.
 */
export async function askHub(
  { endpoint, token, agent }: Hub,
  path: string,
  { idle, headers = {} }: { readonly idle: IdleTimeout; readonly headers?: Readonly<Record<string, string>> },
): Promise<Response> {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await idle.explain(
    fetch(`${endpoint}/${path}`, {
      signal: idle.signal,
      dispatcher: agent,
      // Parts of a file that was compressed on its way would be other bytes.
      headers: { 'user-agent': 'phonograph', 'accept-encoding': 'identity', ...authorization, ...headers },
    }),
  );
  idle.reset();
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  throw refusalOf(response, token !== null);
}

/** What a status says, from huggingface_hub's own reading of them: 401 is also what a repository gets that does not exist. */
function refusalOf({ status, headers }: Response, hasToken: boolean): HubError {
  if (status === 401)
    return new HubError(
      hasToken ? 'The hub does not accept the token in HF_TOKEN (401).' : 'The hub wants a token: set HF_TOKEN (401).',
    );
  if (status === 403)
    return new HubError('The hub does not give the model to this token; accept its terms there (403).');
  if (status === 404) return new HubError('The hub does not have the model (404).');
  const passes = status === 408 || status === 429 || status >= 500;
  const message =
    status === 429 ? 'The hub has too many requests from here (429).' : `The hub answered with ${status}.`;
  return new HubError(message, { passes, waitMs: waitOf(headers.get('retry-after')) });
}

/** Seconds, or a date. */
function waitOf(text: string | null): number {
  if (text === null) return 0;
  const ms = /^\d+$/u.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/** The hub, or the way to it, does not do as it should. `message` is for a person. */
export class HubError extends Error {
  override readonly name = 'HubError';
  /** Whether asking again may help. */
  readonly passes: boolean;
  /** How long the hub wants us to wait before. */
  readonly waitMs: number;
  constructor(
    message: string,
    { passes = false, waitMs = 0, cause }: { passes?: boolean; waitMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.passes = passes;
    this.waitMs = waitMs;
  }
}

/** The hub sent other bytes than it promised. */
export class WrongContentError extends HubError {
  constructor(file: string) {
    super(`${file} came with other bytes than the hub tells it has; it was deleted. Download the model again.`);
  }
}

/** Ends a request on which nothing is heard for too long, or that nobody wants any more. */
export interface IdleTimeout extends Disposable {
  /** For the request. */
  readonly signal: AbortSignal;
  readonly reset: () => void;
  /** What the request comes to; where it breaks, throws HubError, or the reason of the one who wants it no more. */
  explain<T>(answer: Promise<T>): Promise<T>;
}

/** Listens from now on. `wanted` ends the request too. */
export function startIdleTimeout(wanted: AbortSignal, limitMs: number): IdleTimeout {
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(), limitMs).unref();
  return {
    signal: AbortSignal.any([wanted, tooLong.signal]),
    reset: () => {
      timer.refresh();
    },
    async explain(answer) {
      try {
        return await answer;
      } catch (cause) {
        wanted.throwIfAborted();
        if (tooLong.signal.aborted) throw new HubError('The hub fell silent.', { passes: true });
        if (isPrivateAddress(cause)) {
          const { hostname } = cause.cause;
          throw new HubError(
            `The hub leads to ${hostname}, which is within a private network. Where that is meant, add its network to urlAllowedCidrs in config.json.`,
          );
        }
        throw new HubError(`The hub cannot be reached (${codeOf(cause)}).`, { passes: true, cause });
      }
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function isPrivateAddress(error: unknown): error is Error & { readonly cause: PrivateAddressError } {
  return error instanceof Error && error.cause instanceof PrivateAddressError;
}

/** `fetch` hides what happened in the cause. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.message : codeOf(error.cause);
}

/** Failures in a row after which it is given up. */
const maxFailures = 5;
/** What the hub may ask for at most: its limits are counted over five minutes. */
const longestWaitMs = 300_000;

/** How something is tried. */
interface HubRetryOptions {
  readonly signal: AbortSignal;
  /** Pause after the first failure; doubled after each further one. */
  readonly pauseMs: number;
  /** Called at each failure after which there is another try. */
  readonly onTrouble: (error: HubError) => void;
  /** How far the act has come; where that has grown since the last failure, failures are counted from one again. */
  readonly reached?: () => number;
}

/** Does it until it is done: what passes is tried again after a pause. Throws the fifth failure in a row, and at once what does not pass. */
export async function retryHub<T>(act: () => Promise<T>, options: HubRetryOptions): Promise<T> {
  const { signal, pauseMs, onTrouble, reached = () => 0 } = options;
  let failures = 0;
  let before = reached();
  return pRetry(act, {
    signal,
    retries: Number.POSITIVE_INFINITY,
    minTimeout: pauseMs,
    maxTimeout: pauseMs * 2 ** (maxFailures - 2),
    async onFailedAttempt({ error }) {
      if (!(error instanceof HubError) || !error.passes) throw error;
      failures = reached() > before ? 1 : failures + 1;
      before = reached();
      if (failures === maxFailures) throw error;
      onTrouble(error);
      if (error.waitMs > 0) await sleep(Math.min(error.waitMs, longestWaitMs), undefined, { signal });
    },
  });
}
