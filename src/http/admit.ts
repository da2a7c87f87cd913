import { type ApiKey, findKey } from '../config/api-key.ts';

/** Whether a caller is let in: by the name of its key, null where there are no keys and everybody is; or why not. */
export type Admission =
  | { readonly kind: 'ADMITTED'; readonly caller: string | null }
  | { readonly kind: 'REFUSED'; readonly message: string; readonly challenge: string };

/** RFC 6750, 2.1. */
const bearer = /^bearer +(?<token>[\w.~+/-]+=*) *$/iu;

/** Decides by what a caller has shown as `authorization`: Bearer and its token. Everything but /health goes through here, on HTTP and on WebSocket. */
export function admit(authorization: unknown, keys: readonly ApiKey[]): Admission {
  if (keys.length === 0) return { kind: 'ADMITTED', caller: null };
  const challenge = 'Bearer realm="Phonograph"';
  if (typeof authorization !== 'string') {
    return { kind: 'REFUSED', message: 'Show an API key, as Authorization: Bearer TOKEN.', challenge };
  }
  const token = bearer.exec(authorization)?.groups?.['token'];
  const key = token === undefined ? undefined : findKey(token, keys);
  if (key !== undefined) return { kind: 'ADMITTED', caller: key.name };
  return { kind: 'REFUSED', message: 'This API key is not known.', challenge: `${challenge}, error="invalid_token"` };
}
