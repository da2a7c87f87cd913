import type { Keyed } from '../../page.ts';
import type { Found, Search } from '../../search.ts';
import type { ReadingMany } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { findSegments } from './find.ts';
import { indexOlder } from './older.ts';
import { parsePlace } from './place.ts';
import type { Searcher } from './searcher.ts';

/** What looks into the index, and what reads the jobs of what is found. */
interface SearchParts {
  readonly searcher: Searcher;
  readonly jobsById: ReadingMany['jobsById'];
}

/** Finds segments by their words. */
export function search(connection: Connection, { searcher, jobsById }: SearchParts): Search {
  const { db } = connection;
  return {
    async search(query, filter, { limit, after }) {
      const place = after === undefined ? null : parsePlace(after);
      const found = await findSegments({ db, searcher }, { query, filter, limit, after: place });
      const jobs = await jobsById(found.map(({ item }) => item.jobId));
      return found.flatMap(({ key, item }, at): readonly Keyed<Found>[] => {
        const job = jobs[at];
        // None: deleted meanwhile.
        return job ? [{ key, item: { job, segment: item.segment } }] : [];
      });
    },
    indexOlder: () => indexOlder(connection),
  };
}
