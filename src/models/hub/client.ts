import { type Dispatcher, fetch, type Response } from 'undici';
import type { Config } from '../../config/config.ts';
import { openGuardedAgent } from '../../media/address-guard.ts';
import { type IdleTimeout, mayPass, startIdleTimeout, TransferError, waitOf } from '../../media/transfer.ts';

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
  const agent = openGuardedAgent({ trustedHost: new URL(endpoint).hostname, allowedCidrs, usesEnvProxy });
  return { endpoint, token: hubToken, agent, silenceMs: 60_000, pauseMs: 1000 };
}

/**
 * Asks the hub for `path` and follows where it sends us: large files lie with a content network, under signed addresses. `fetch` leaves the token behind
 * when that leads to another host (Fetch standard, HTTP-redirect fetch). Answers 200, 206 or 416; throws TransferError for everything else.
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
function refusalOf({ status, headers }: Response, hasToken: boolean): TransferError {
  if (status === 401)
    return new TransferError(
      hasToken ? 'The hub does not accept the token in HF_TOKEN (401).' : 'The hub wants a token: set HF_TOKEN (401).',
    );
  if (status === 403)
    return new TransferError('The hub does not give the model to this token; accept its terms there (403).');
  if (status === 404) return new TransferError('The hub does not have the model (404).');
  const message =
    status === 429 ? 'The hub has too many requests from here (429).' : `The hub answered with ${status}.`;
  return new TransferError(message, { passes: mayPass(status), waitMs: waitOf(headers) });
}

/** Ends a request to the hub that it does not answer, or that nobody wants any more. */
export function watchHub({ silenceMs }: Hub, wanted: AbortSignal): IdleTimeout {
  const advice =
    'HTTPS_PROXY with NODE_USE_ENV_PROXY=1 names a proxy, HF_ENDPOINT a mirror; without a network, put the files of the model into modelDirectory, as docs/models.md says.';
  return startIdleTimeout(wanted, { who: 'The hub', limitMs: silenceMs, advice });
}

/** The hub sent other bytes than it promised. */
export class WrongContentError extends TransferError {
  constructor(file: string) {
    super(`${file} came with other bytes than the hub tells it has; it was deleted. Download the model again.`);
  }
}
