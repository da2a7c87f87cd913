import { setImmediate as nextTurn } from 'node:timers/promises';
import { RequestError } from '#src/errors.ts';
import type { Key, Keyed, Page } from '#src/store/page.ts';

/** Arguments of a connection with the names of those that the request gave itself, not by default. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
  readonly given: ReadonlySet<string>;
}

/** Where a page lies in its list. */
interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

interface Edge<T> {
  readonly cursor: string;
  readonly node: T;
}

/** Relay's connection, as the schema shows it. */
export interface Connection<T> {
  readonly edges: readonly Edge<T>[] | AsyncIterable<Edge<T>>;
  /** Looked up when it is asked for. */
  readonly pageInfo: Promise<PageInfo>;
}

/** A list that can be paged: its name for cursors, the largest page, and how to load one. */
export interface PagedList<T> {
  readonly name: string;
  readonly max: number;
  readonly load: (page: Page) => Promise<readonly Keyed<T>[]>;
  /** Whether it cannot be read backwards; then what is after a cursor has something before it. */
  readonly isForwardOnly?: boolean;
  /** The newest key there is, of a list that is followed live: what an empty page ends with, so that its reader misses nothing that comes next. */
  readonly newest?: () => Promise<Key>;
}

/** Loads one page. BAD_USER_INPUT for sizes outside 1 to `max`, null, both directions at once, or a cursor of another list. */
export async function loadPage<T>(list: PagedList<T>, args: PageArguments): Promise<Connection<T>> {
  const page = readPage(list, args);
  const follows = page.after ?? (await list.newest?.());
  const rows = await list.load({ ...page, limit: page.limit + 1 });
  const more = rows.length > page.limit;
  const items = page.last === true ? rows.slice(-page.limit) : rows.slice(0, page.limit);
  const [start, end] = [items.at(0)?.key, items.at(-1)?.key];
  const cursor = (key: string | undefined) => (key === undefined ? null : encodeCursor(list.name, key));
  const pageInfo = async () => ({
    hasNextPage: page.last === true ? await isThere(list, page.before, { after: end }) : more,
    hasPreviousPage: page.last === true ? more : await isBefore(list, page.after, start),
    startCursor: cursor(start),
    endCursor: cursor(end ?? (list.newest && follows)),
  });
  return {
    edges: bySlices(items.map(({ key, item }) => ({ cursor: encodeCursor(list.name, key), node: item }))),
    get pageInfo() {
      return pageInfo();
    },
  };
}

/** Items of an answer that are made in one turn: a few milliseconds, with what belongs to each. */
const itemsPerTurn = 100;

/** A long list as one that lets others have their turn while an answer is made of it. */
function bySlices<T>(items: readonly T[]): readonly T[] | AsyncIterable<T> {
  return items.length > itemsPerTurn ? takingTurns(items) : items;
}

async function* takingTurns<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const [at, item] of items.entries()) {
    if (at % itemsPerTurn === 0 && at > 0) await nextTurn();
    yield item;
  }
}

async function isBefore<T>(list: PagedList<T>, after: string | undefined, start: string | undefined): Promise<boolean> {
  return list.isForwardOnly === true ? after !== undefined : isThere(list, after, { before: start, last: true });
}

/** Whether the list goes on beyond the end that the page started from; an empty page has all there is on that side. */
async function isThere<T>(
  list: PagedList<T>,
  from: string | undefined,
  beyond: { readonly after?: string | undefined; readonly before?: string | undefined; readonly last?: boolean },
): Promise<boolean> {
  if (from === undefined) return false;
  const { after, before, last = false } = beyond;
  const found = await list.load({
    limit: 1,
    last,
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
  });
  return found.length > 0;
}

function readPage<T>(list: PagedList<T>, args: PageArguments): Page {
  const { first, last, given } = args;
  const backwards = given.has('last');
  const limit = backwards ? last : first;
  if (backwards && given.has('first')) throw new RequestError('BAD_USER_INPUT', 'Give first or last, not both.');
  if (limit === null || limit === undefined || limit < 1 || limit > list.max) {
    throw new RequestError('BAD_USER_INPUT', `${backwards ? 'last' : 'first'} must be from 1 to ${list.max}.`);
  }
  return {
    limit,
    last: backwards,
    ...(typeof args.after === 'string' ? { after: decodeCursor(list.name, args.after) } : {}),
    ...(typeof args.before === 'string' ? { before: decodeCursor(list.name, args.before) } : {}),
  };
}

/**
 * An opaque cursor: a key bound to its list by the list's name, so that a cursor of another list is refused and not misread.
 *
 * The name says which list, such as `segments:job_...`, not which filter: a page goes on under another filter.
 */
export function encodeCursor(list: string, key: Key): string {
  return Buffer.from(`${list}\n${key}`).toString('base64url');
}

/** Reads a cursor of `list`; BAD_USER_INPUT where it is another list's or nobody's. */
export function decodeCursor(list: string, cursor: string): Key {
  const [name, key] = Buffer.from(cursor, 'base64url').toString().split('\n');
  if (name !== list || key === undefined || encodeCursor(list, key) !== cursor) {
    throw new RequestError(
      'BAD_USER_INPUT',
      'This cursor is not one of this list.',
      'Use a cursor as the list gave it.',
    );
  }
  return key;
}
