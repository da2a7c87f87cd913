import type { JobFilter } from '../jobs/job-filter.ts';
import type { Job } from '../jobs/job.ts';
import type { Segment } from '../jobs/transcript.ts';
import type { SearchQuery } from '../transcripts/search/query.ts';
import type { Keyed, Page } from './page.ts';

/** Finds segments by their words. Each is found from the moment that it is stored, and never once its job or transcript is gone. */
export interface Search {
  /**
   * Segments that have all that is wanted and nothing that is unwanted, of jobs that match the filter. Those that have every word as such come
   * before those that have one only inside a longer word; of both, `searchBlock` of the newest at a time are compared, the best first.
   * Throws SERVICE_UNAVAILABLE where it takes too long.
   */
  search(query: SearchQuery, filter: JobFilter, page: Pick<Page, 'limit' | 'after'>): Promise<readonly Keyed<Found>[]>;
  /** Indexes some of the segments that were stored before there was an index; how many, or null when none are left. */
  indexOlder(): Promise<number | null>;
}

/** How many of the newest matches are compared with one another. */
export const searchBlock = 1000;

/** A segment that was found, and its job. */
export interface Found {
  readonly job: Job;
  readonly segment: Segment;
}
