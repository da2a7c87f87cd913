import { existsSync, promises } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './failure.mjs';

/**
 * Refuses early what would fill the disk later.
 *
 * @param {string} path where the space is needed; need not exist yet
 * @param {number} megabytes
 */
export async function requireSpace(path, megabytes) {
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  // Missing before Node 18.15: then a full disk is told when it is full.
  const { bavail, bsize } = (await promises.statfs?.(place)) ?? { bavail: Infinity, bsize: 1 };
  const free = (bavail * bsize) / 1e6;
  if (free >= megabytes) return;
  throw new SetupError(
    `There is too little room on the disk: this step needs ${megabytes} MB, ${Math.floor(free)} MB are free.`,
    {
      details: [`Disk of: ${place}`],
      advice: ['Make room, or put the project on another disk.'],
    },
  );
}
