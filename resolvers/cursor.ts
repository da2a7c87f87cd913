import { RequestError } from '#src/errors.ts';
import type { Key } from '#src/store/page.ts';

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
