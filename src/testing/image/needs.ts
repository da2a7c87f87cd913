import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Programs, and the Debian packages that bring them. */
const needs = { buildah: 'buildah', debootstrap: 'debootstrap', unshare: 'util-linux', setpriv: 'util-linux' };

/** What this machine lacks to build and start an image, and what to do; null where nothing is missing. */
export async function whatIsMissing(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'Images are built and started as root: sudo npm run check:image';
  const found = await Promise.all(Object.keys(needs).map(isInPath));
  const packages = [...new Set(Object.values(needs).filter((_, index) => found[index] === false))];
  if (packages.length === 0) return null;
  return `To build and start an image without a Docker engine this machine lacks: ${packages.join(', ')}.\n  -> apt-get install ${packages.join(' ')}`;
}

async function isInPath(program: string): Promise<boolean> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const tried = await Promise.allSettled(folders.map((folder) => access(join(folder, program), constants.X_OK)));
  return tried.some(({ status }) => status === 'fulfilled');
}
