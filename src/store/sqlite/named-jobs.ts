import type { Kysely } from 'kysely';
import type { JobFilter } from '../job-filter.ts';
import { comparePlaces, type Place } from './job-place.ts';
import type { Range } from './keyset.ts';
import { inPieces } from './pieces.ts';
import type { Tables } from './tables.ts';

/**
 * The places of the jobs that a filter names and that meet the rest of it. They are looked up and then compared here: a database that has to
 * choose between the names and the order may walk through all jobs.
 */
export async function readNamed(db: Kysely<Tables>, filter: JobFilter): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const ids of inPieces([...new Set(filter.ids)])) {
    const rows = await db.selectFrom('job').select(['id', 'created_at', 'status']).where('id', 'in', ids).execute();
    const matching = rows.filter(({ status }) => filter.status === undefined || filter.status.includes(status));
    places.push(...matching.map((row) => ({ createdAt: row.created_at, id: row.id })));
  }
  return places;
}

/** The places of a page, in the order in which it is read. */
export function cutPlaces(places: readonly Place[], range: Range<Place>): readonly Place[] {
  const within = places.filter(
    (place) => comparePlaces(place, range.after) > 0 && comparePlaces(place, range.before) < 0,
  );
  const listed = within.toSorted(comparePlaces);
  return (range.backwards ? listed.toReversed() : listed).slice(0, range.limit);
}
