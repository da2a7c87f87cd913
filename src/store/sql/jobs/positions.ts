import { type Kysely, sql } from 'kysely';
import type { Tables } from '../database/tables.ts';

/**
 * 1 = next to run, among the jobs of some classes or among all; null when a job is not queued, or its recording is not fetched yet: nobody knows when it
 * will be, so that it has no place and takes none. What lies between one and the next of the jobs that are asked for is counted once, by the
 * index of their order. Behind a job that has gone a position is one too many, until its caller's next job has drawn up.
 */
export async function readPositions(
  db: Kysely<Tables>,
  ids: readonly string[],
  classes?: readonly string[],
): Promise<readonly (number | null)[]> {
  if (ids.length === 0) return [];
  const ofClasses = classes === undefined ? sql`` : sql`and earlier.needs in (${sql.join(classes)})`;
  const { rows } = await sql<{ readonly id: string; readonly position: number | string }>`
    with asked as (
      select id, place, arrival, lag(place, 1, 0) over line as from_place, lag(arrival, 1, 0) over line as from_arrival
      from job where id in (${sql.join([...new Set(ids)])}) and place is not null
      window line as (order by place, arrival)
    )
    select id, 1 + sum(jobs) over (order by place, arrival) as position from (
      select id, place, arrival, (
        select count(*) from job as earlier
        where earlier.place is not null ${ofClasses}
          and (earlier.place, earlier.arrival) >= (asked.from_place, asked.from_arrival)
          and (earlier.place, earlier.arrival) < (asked.place, asked.arrival)
      ) as jobs from asked
    ) as counted`.execute(db);
  const positions = new Map(rows.map(({ id, position }) => [id, Number(position)]));
  return ids.map((id) => positions.get(id) ?? null);
}
