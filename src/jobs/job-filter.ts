import { contains } from './fold.ts';
import type { Job, JobStatus, Media } from './job.ts';

/** Fields are ANDed; an empty list matches nothing, and "contains" ignores case and accents. */
export interface JobFilter {
  readonly ids?: readonly string[];
  readonly status?: readonly JobStatus[];
  /** One of the job's tags, as it was given. */
  readonly tag?: string;
  readonly titleContains?: string;
  readonly mediaNameContains?: string;
  /** Inclusive. */
  readonly createdAfter?: Date;
  /** Exclusive. */
  readonly createdBefore?: Date;
}

/** What a filter looks at. */
export type Filtered = Pick<Job, 'id' | 'createdAt'> & Described;

/** What is left of it where the ids and the time are known to fit. */
export type Described = Pick<Job, 'status' | 'tags' | 'title'> & { readonly media: Pick<Media, 'name'> };

/** Whether a filter lets a job through. */
export function matches(job: Filtered, filter: JobFilter): boolean {
  const { ids, createdAfter, createdBefore } = filter;
  return (
    (ids?.includes(job.id) ?? true) &&
    (createdAfter === undefined || job.createdAt >= createdAfter) &&
    (createdBefore === undefined || job.createdAt < createdBefore) &&
    isDescribed(job, filter)
  );
}

/** The part of `matches` that looks at the status, the tags and the names. */
export function isDescribed(job: Described, filter: JobFilter): boolean {
  const { status, tag, titleContains, mediaNameContains } = filter;
  return (
    (status?.includes(job.status) ?? true) &&
    (tag === undefined || job.tags.includes(tag)) &&
    has(job.title, titleContains) &&
    has(job.media.name, mediaNameContains)
  );
}

function has(text: string | null, part: string | undefined): boolean {
  return part === undefined || (text !== null && contains(text, part));
}
