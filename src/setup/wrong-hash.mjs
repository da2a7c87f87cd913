import { SetupError } from './failure.mjs';
import { hashOfLarge } from './stamp.mjs';

/** What was downloaded is not what is named here. Another source is no cure: someone should look. */
export class WrongHash extends SetupError {
  /**
   * @param {string} name of the file or package
   * @param {{ readonly wanted: string, readonly seen: string }} hashes
   */
  constructor(name, { wanted, seen }) {
    super(`${name} has a wrong hash. What was downloaded was thrown away.`, {
      details: [`Wanted: ${wanted}`, `Got:    ${seen}`],
      advice: [
        'Try again. If it stays so, something between you and the source changes files: a proxy, or the mirror that you use.',
      ],
    });
  }
}

/**
 * @param {string} file
 * @param {{ readonly name: string, readonly algorithm: 'sha256' | 'sha512', readonly encoding: 'hex' | 'base64', readonly wanted: string }} expected
 */
export async function requireHash(file, { name, algorithm, encoding, wanted }) {
  const seen = await hashOfLarge(file, algorithm, encoding);
  if (seen !== wanted) throw new WrongHash(name, { wanted, seen });
}
