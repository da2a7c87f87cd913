import type { JobStatus } from '../job.ts';

/** Fields are ANDed; an empty list matches nothing. */
export interface JobFilter {
  readonly ids?: readonly string[];
  readonly status?: readonly JobStatus[];
}
