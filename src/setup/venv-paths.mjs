import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes a Python environment ready to be renamed: its scripts and its configuration name the folder that it was made in.
 *
 * @param {string} venv where it is
 * @param {string} place where it will be
 */
export function settleEnvironment(venv, place) {
  const scripts = readdirSync(join(venv, 'bin'), { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of [join(venv, 'pyvenv.cfg'), ...scripts.map(({ name }) => join(venv, 'bin', name))]) {
    const content = readFileSync(file);
    // Programs in machine code find their own place.
    if (content.includes(0)) continue;
    writeFileSync(file, content.toString('latin1').replaceAll(latin1(venv), latin1(place)), 'latin1');
  }
}

/**
 * The same bytes, one character each: scripts may be in any encoding.
 *
 * @param {string} text
 */
function latin1(text) {
  return Buffer.from(text).toString('latin1');
}
