import type { Config } from '../../config/config.ts';
import { HubError } from './hub-error.ts';
import type { Silence } from './silence.ts';

/** The Hugging Face hub, or a mirror of it, as this server may speak to it. */
export interface Hub {
  /** Its address, without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | null;
  /** How long it may say nothing while an answer is awaited. */
  readonly silenceMs: number;
  /** Before it is asked again for the first time; doubled at each further one. */
  readonly pauseMs: number;
}

/** The hub of the settings. 60 s is what slow lines need; after 1, 2, 4 and 8 s a hub that is restarted is back. */
export function hubOf({ server, hubToken }: Config): Hub {
  return { endpoint: server.hubEndpoint, token: hubToken, silenceMs: 60_000, pauseMs: 1000 };
}

/**
 * Asks the hub for `path` and follows where it sends us: large files lie with a content network, under signed addresses. `fetch` leaves the token behind
 * when that leads to another host (Fetch standard, HTTP-redirect fetch). Answers 200, 206 or 416; throws HubError for everything else.
 */
export async function askHub(
  { endpoint, token }: Hub,
  path: string,
  { silence, headers = {} }: { readonly silence: Silence; readonly headers?: Readonly<Record<string, string>> },
): Promise<Response> {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await silence.explain(
    fetch(`${endpoint}/${path}`, {
      signal: silence.signal,
      // Parts of a file that was compressed on its way would be other bytes.
      headers: { 'user-agent': 'phonograph', 'accept-encoding': 'identity', ...authorization, ...headers },
    }),
  );
  silence.heard();
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
