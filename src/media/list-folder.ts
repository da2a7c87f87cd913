// What a thread of folders.ts runs. The calls are synchronous: where a file system does not tell what an entry is, such as NFS of a large folder, Node
// asks for each by a synchronous call even while it streams, and one thread does not wait on others.
import { existsSync, lstatSync, opendirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { isHidden, isUnder } from './real-file.ts';

/** Where an entry stands in its folder: folders before files, each by name. */
export interface FolderPlace {
  readonly directory: boolean;
  readonly name: string;
}

/** One entry of a folder. What went away while it was looked at has no size and no time; a folder has no size. */
export interface FolderEntry extends FolderPlace {
  readonly bytes: number | null;
  readonly modifiedAt: Date | null;
}

/** What is listed: a folder that was found to be served, and by what the links in it are judged. */
export interface FolderRequest {
  readonly folder: string;
  /** Where the media roots really are. */
  readonly roots: readonly string[];
  readonly after: FolderPlace | null;
  readonly limit: number;
}

/**
 * The first entries after a place, at most `limit`: no more than these are kept of a folder of any size, which is read once from end to end. Left out are
 * hidden ones, links that lead out of the roots or to something hidden, and what is neither a file nor a folder.
 */
export default function listFolder(request: FolderRequest): readonly FolderEntry[] {
  const { folder, roots, after, limit } = request;
  const first: FolderPlace[] = [];
  const isWanted = (place: FolderPlace) => {
    const last = first.length < limit ? undefined : first.at(-1);
    return (after === null || compare(place, after) > 0) && (last === undefined || compare(place, last) < 0);
  };
  using entries = opendirSync(folder);
  for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
    const { name } = entry;
    const kinds = entry.isSymbolicLink() ? [true, false] : entry.isDirectory() ? [true] : entry.isFile() ? [false] : [];
    const places = kinds.map((directory) => ({ directory, name })).filter(isWanted);
    if (places.length === 0 || name.startsWith('.') || !canBeNamed(folder, name)) continue;
    // A link is followed only where what it may be is wanted.
    const directory = entry.isSymbolicLink() ? isLinkToFolder(join(folder, name), roots) : entry.isDirectory();
    const place = places.find((each) => each.directory === directory);
    if (place === undefined) continue;
    first.splice(placeFor(place, first), 0, place);
    if (first.length > limit) first.pop();
  }
  return first.map((place) => look(place, request));
}

/** As people count: "Talk 2" before "Talk 10". */
const names = new Intl.Collator('und', { numeric: true });

function compare(one: FolderPlace, other: FolderPlace): number {
  if (one.directory !== other.directory) return one.directory ? -1 : 1;
  // Names that count as the same, such as 1 and 01, need an order as well.
  return names.compare(one.name, other.name) || (one.name < other.name ? -1 : Number(one.name > other.name));
}

/** By halving, since the list is in order. */
function placeFor(place: FolderPlace, list: readonly FolderPlace[]): number {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const there = list[middle];
    if (there !== undefined && compare(there, place) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** A name that is not UTF-8 comes with U+FFFD in it, and leads nowhere. */
function canBeNamed(folder: string, name: string): boolean {
  return !name.includes('\u{FFFD}') || existsSync(join(folder, name));
}

/** Whether a link leads to a folder or to a file; null where it leads to neither, or to what is not served. */
function isLinkToFolder(link: string, roots: readonly string[]): boolean | null {
  const goal = statGoal(link, roots);
  return goal === null ? null : goal.isDirectory() || (goal.isFile() ? false : null);
}

/** What a link leads to; null where that is nothing, or nothing that is served. */
function statGoal(link: string, roots: readonly string[]): Stats | null {
  try {
    const real = realpathSync.native(link);
    return roots.some((root) => isUnder(real, [root]) && !isHidden(real, root)) ? statSync(real) : null;
  } catch {
    return null; // It leads nowhere, or in a circle.
  }
}

function look(place: FolderPlace, { folder, roots }: FolderRequest): FolderEntry {
  const path = join(folder, place.name);
  const entry = lstatSync(path, { throwIfNoEntry: false });
  const found = entry?.isSymbolicLink() === true ? statGoal(path, roots) : entry;
  return { ...place, bytes: place.directory ? null : (found?.size ?? null), modifiedAt: found?.mtime ?? null };
}
