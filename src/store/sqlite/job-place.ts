import { wrongKey } from './keyset.ts';

/** Where a job stands among all, newest first. */
export interface Place {
  readonly createdAt: number;
  readonly id: string;
}

/** Before the newest job: the list starts at the end of time. */
export const startOfList: Place = { createdAt: Number.MAX_SAFE_INTEGER, id: '' };
/** After the oldest job. */
export const endOfList: Place = { createdAt: Number.MIN_SAFE_INTEGER, id: '' };

/** A place as a key. */
export function formatPlace(place: Place): string {
  return `${place.createdAt}.${place.id}`;
}

/** The place of a key. Throws BAD_USER_INPUT where no list can have given it. */
export function parsePlace(key: string): Place {
  const [, createdAt, id] = /^(\d{1,15})\.([\w-]{1,64})$/.exec(key) ?? [];
  if (createdAt === undefined || id === undefined) throw wrongKey();
  return { createdAt: Number(createdAt), id };
}

/** Negative where `a` comes before `b` in the list. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  if (a.id === b.id) return 0;
  return a.id > b.id ? -1 : 1;
}
