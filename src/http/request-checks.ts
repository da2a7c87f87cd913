import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiKeys } from '../auth/api-keys.ts';
import { anybody, type Caller } from '../config/api-key.ts';
import type { Config } from '../config/config.ts';
import { answerEarly } from './answer.ts';

/** Why a request is not let in: an HTTP status and a sentence that says what to do. */
export interface Refusal {
  readonly status: 400 | 403 | 415 | 421;
  readonly message: string;
}

/** Answers a request that is not let in. */
export function refuseWith(request: IncomingMessage, response: ServerResponse, { status, message }: Refusal): void {
  answerEarly(request, response, { status, code: status === 400 ? 'BAD_USER_INPUT' : 'FORBIDDEN', message });
}

/** For two hours, which is the most that Chromium keeps, a browser knows what it may send: else it asks before every request. */
export const preflightSeconds = 7200;

/** A browser asks before it sends one of these across origins, so a page of another site cannot. */
const csrfHeaders = ['x-graphql-yoga-csrf', 'apollo-require-preflight', 'graphql-preflight', 'x-apollo-operation-name'];

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

type Allowed = Pick<Config['server'], 'allowedHosts' | 'allowedOrigins'>;

/**
 * Whether a request may come in, by its head alone; the same for HTTP and for the WebSocket upgrade.
 *
 * The Host must be loopback's or an allowed one, which stops DNS rebinding. An Origin, where there is one, must be this server's own or an allowed one.
 */
export function refuse(
  { headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  allowed: Allowed,
): Refusal | null {
  // RFC 9112, 3.2. Node takes the first, and a proxy may have taken the other.
  if (rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length > 1) {
    return { status: 400, message: 'A request has one Host.' };
  }
  const host = hostName(headers.host);
  if (host === null || !isServed(host, allowed.allowedHosts)) {
    return { status: 421, message: 'This Host is not served. Add it to allowedHosts in config.json.' };
  }
  const { origin } = headers;
  if (origin !== undefined && !isOwn(origin, headers.host) && !allowed.allowedOrigins.includes(origin)) {
    return { status: 403, message: 'This Origin is not allowed. Add it to allowedOrigins in config.json.' };
  }
  // Such as an <img> or a <script> of another site's page, which sends no Origin. Whoever follows a link goes there himself.
  if (origin === undefined && headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate') {
    return {
      status: 403,
      message:
        'Pages of other sites may not load this. In an element use crossorigin, with the Origin in allowedOrigins.',
    };
  }
  return null;
}

/** Of what asks for no header that a browser asks about first: whether the page of another site had the browser send it, also where `refuse` takes it for a link that somebody follows. */
export function refuseOtherSites({ headers }: Pick<IncomingMessage, 'headers'>): Refusal | null {
  const site = headers['sec-fetch-site'] ?? 'none';
  // An Origin was looked at.
  if (headers.origin !== undefined || site === 'none' || site === 'same-origin') return null;
  return { status: 403, message: 'Pages of other sites may use this with an Origin that is in allowedOrigins only.' };
}

/** Whether a body may come in: what a browser sends without asking first needs a header that it cannot send so. */
export function refuseBody({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): Refusal | null {
  if (method !== 'POST') return null;
  const type = contentType(headers);
  if (type === 'application/json' || type === 'application/graphql') return null;
  if (type !== 'multipart/form-data' && type !== 'application/x-www-form-urlencoded') {
    return { status: 415, message: 'Send application/json, or multipart/form-data for an upload.' };
  }
  if (csrfHeaders.some((name) => headers[name] !== undefined)) return null;
  return {
    status: 403,
    message: `A ${type} request needs the header ${csrfHeaders[0]}: 1 (or apollo-require-preflight).`,
  };
}

/** The media type of a body in lower case, without its parameters. */
export function contentType(headers: IncomingMessage['headers']): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function isServed(host: string, allowedHosts: readonly string[]): boolean {
  return loopbackNames.has(host) || allowedHosts.includes(host) || allowedHosts.includes('*');
}

function hostName(host: string | undefined): string | null {
  const found = /^(?<name>\[[\da-f:]+\]|[^:/\s]+)(?::\d+)?$/iu.exec(host ?? '');
  return found?.groups?.['name']?.toLowerCase() ?? null;
}

/** Compared with the Host of the same request, which has been checked. */
function isOwn(origin: string, host: string | undefined): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Who is let in, or why nobody is. */
export type Authentication =
  | { readonly kind: 'ADMITTED'; readonly caller: Caller }
  | { readonly kind: 'REFUSED'; readonly message: string; readonly challenge: string };

/** RFC 6750, 2.1. */
const bearer = /^bearer +(?<token>[\w.~+/-]+=*) *$/iu;

/** Tells who is asking by the Authorization header, or a WebSocket's connection parameter: Bearer and its token. routes.ts says what needs a caller. */
export function authenticate(authorization: unknown, keys: ApiKeys): Authentication {
  if (!keys.areNeeded()) return { kind: 'ADMITTED', caller: anybody };
  const challenge = 'Bearer realm="Phonograph"';
  if (typeof authorization !== 'string') {
    return { kind: 'REFUSED', message: 'Show an API key, as Authorization: Bearer TOKEN.', challenge };
  }
  const token = bearer.exec(authorization)?.groups?.['token'];
  const caller = token === undefined ? null : keys.find(token);
  if (caller !== null) return { kind: 'ADMITTED', caller };
  return { kind: 'REFUSED', message: 'This API key is not known.', challenge: `${challenge}, error="invalid_token"` };
}
