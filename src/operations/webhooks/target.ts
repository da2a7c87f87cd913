import { InvalidInputError } from '../../errors.ts';
import { isRefusedHost } from '../../media/address-guard.ts';
import { isWeb } from '../../media/media-url.ts';

const maxUrlCharacters = 2000;

/**
 * The address of a receiver as it is kept. Throws InvalidInputError, also for an address within a private network, however it is written; where a name leads is seen
 * when it is connected to.
 */
export function readTarget(text: string, field: string, allowedCidrs: readonly string[]): string {
  const refuse = (why: string, hint: string | null = null) => new InvalidInputError(field, `${field} ${why}.`, hint);
  if (text.length > maxUrlCharacters) throw refuse(`must have at most ${maxUrlCharacters} characters`);
  const url = URL.parse(text);
  if (url === null || !isWeb(url)) throw refuse('must be an http or https address');
  if (url.username !== '' || url.password !== '')
    throw refuse('must hold no name and password', 'The signature of each message tells the receiver who has sent it.');
  url.hash = '';
  if (isRefusedHost(url, allowedCidrs)) {
    const hint = 'Where that is meant, whoever runs the server adds its network to urlAllowedCidrs in config.json.';
    throw refuse('is an address of a private network', hint);
  }
  return url.href;
}
