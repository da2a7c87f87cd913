import { InvalidInputError, MediaRejectedError } from '../errors.ts';
import { isRefusedHost } from './address-guard.ts';
import { cleanName } from './file-name.ts';

/** A URL with a signature takes about 2,000 characters; browsers and proxies take 8,000 (RFC 9110, 4.1). */
const longestUrl = 8000;

const field = 'input.media.url';

/**
 * Reads where a client says that its recording is. What the URL holds of secrets is in no message. Throws InvalidInputError, and MediaRejectedError
 * (URL_REFUSED) where its host is written as an address that must not be connected to, however it is written.
 */
export function readMediaUrl(text: string, allowedCidrs: readonly string[]): URL {
  if (text.length > longestUrl)
    throw new InvalidInputError(field, `${field} must have at most ${longestUrl} characters.`);
  const url = URL.parse(text);
  if (url === null || !isWeb(url)) throw new InvalidInputError(field, `${field} must be an http or https address.`);
  if (isRefusedHost(url, allowedCidrs)) {
    throw new MediaRejectedError(
      'URL_REFUSED',
      `${url.hostname} is an address of a private network.`,
      'Upload the recording. (Whoever runs the server may allow its network: urlAllowedCidrs in config.json.)',
    );
  }
  return url;
}

/** Whether it is one of the two protocols that recordings are fetched by. */
export function isWeb({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/** What a recording is called by its URL: the last part of the path, which may be of any bytes, or else the host. */
export function nameOf({ pathname, hostname }: URL): string {
  const last = pathname.split('/').findLast((part) => part !== '') ?? hostname;
  return cleanName(decoded(last));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // It is not UTF-8.
  }
}
