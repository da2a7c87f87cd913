import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller } from '../config/api-key.ts';
import type { SettingStore } from '../store/store.ts';
import type { ApiKeys } from './api-keys.ts';

/** Paths that work by themselves: in a link, a player or an EventSource, which show no API key. */
export interface SignedUrls {
  /** The path as it works for this caller, for 12 to 18 hours and as long as its key does; the same one for 6 hours. As it is where no keys are needed. */
  sign(path: string, caller: Caller): string;
  /** As `sign`, with the server's address before it; null where the settings do not tell that. */
  absolute(path: string, caller: Caller): string | null;
  /** Whose signature a path has; null where it has none, was changed, or has ended. */
  signerOf(url: string): Caller | null;
}

const periodMs = 6 * 60 * 60 * 1000;
/** Until the end of the period that it is made in, and two more. */
const periods = 3;

const signed =
  /^(?<content>(?<path>.*?)[?&]key=(?<key>[\w-]{1,64})&expires=(?<expires>\d{1,12}))&signature=(?<signature>[\w-]{43})$/u;

/** Signs with a secret of the server's own, which is made once. `publicUrl`: where a proxy has the server; it is asked for paths without the path there. */
export async function openSignedUrls(
  store: Pick<SettingStore, 'keepOnce'>,
  keys: ApiKeys,
  publicUrl: string | null,
): Promise<SignedUrls> {
  const prefix = publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/$/u, '');
  const secret = await store.keepOnce('urlSecret', randomBytes(32).toString('base64url'));
  const signatureOf = (content: string) => createHmac('sha256', secret).update(content).digest();
  const urls: SignedUrls = {
    sign(path, { keyId }) {
      if (keyId === null) return prefix + path;
      const expires = ((Math.floor(Date.now() / periodMs) + periods) * periodMs) / 1000;
      const content = `${path}${path.includes('?') ? '&' : '?'}key=${keyId}&expires=${expires}`;
      return `${prefix}${content}&signature=${signatureOf(content).toString('base64url')}`;
    },
    absolute: (path, caller) => (publicUrl === null ? null : new URL(urls.sign(path, caller), publicUrl).href),
    signerOf(url) {
      const { content = '', key = '', expires, signature = '' } = signed.exec(url)?.groups ?? {};
      const shown = Buffer.from(signature, 'base64url');
      const right = signatureOf(content);
      if (shown.length !== right.length || !timingSafeEqual(shown, right)) return null;
      return Number(expires) * 1000 > Date.now() ? keys.holderOf(key) : null;
    },
  };
  return urls;
}

/** A path and its query without what a signature adds to it. */
export function unsigned(url: string): string {
  return signed.exec(url)?.groups?.['path'] ?? url;
}
