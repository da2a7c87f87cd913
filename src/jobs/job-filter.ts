import type { Job, JobStatus, Media } from './job.ts';

/** Fields are ANDed; an empty list matches nothing, and "contains" ignores case and accents. */
export interface JobFilter {
  readonly ids?: readonly string[];
  readonly status?: readonly JobStatus[];
  /** One of the job's tags, as it was given. */
  readonly tag?: string;
  /** Submitted with an API key of this name. */
  readonly owner?: string;
  readonly titleContains?: string;
  readonly mediaNameContains?: string;
  /** Inclusive. */
  readonly createdAfter?: Date;
  /** Exclusive. */
  readonly createdBefore?: Date;
  /** Inclusive. */
  readonly updatedAfter?: Date;
  /** The code of the language that was asked for or heard. */
  readonly language?: string;
}

/** By which time jobs are put into order, the latest first. */
export type JobOrder = 'CREATED' | 'UPDATED';

/** The part of a filter that a job which matches it once matches for ever. */
export function lastingPart(filter: JobFilter): JobFilter {
  const { status: _, tag: __, titleContains: ___, updatedAfter: ____, language: _____, ...lasting } = filter;
  return lasting;
}

/** What a filter looks at. */
export type Filtered = Pick<Job, 'id' | 'createdAt'> & Described;

/** What is left of it where the ids and the time are known to fit. */
export type Described = Pick<Job, 'status' | 'owner' | 'tags' | 'title' | 'updatedAt'> & {
  readonly media: Pick<Media, 'name'>;
  readonly language: Pick<NonNullable<Job['language']>, 'code'> | null;
};

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

/** The part of `matches` that looks at neither the id nor the time of creation. */
export function isDescribed(job: Described, filter: JobFilter): boolean {
  const { status, owner, tag, titleContains, mediaNameContains, updatedAfter, language } = filter;
  return (
    (status?.includes(job.status) ?? true) &&
    (owner === undefined || job.owner === owner) &&
    (tag === undefined || job.tags.includes(tag)) &&
    (updatedAfter === undefined || job.updatedAt >= updatedAfter) &&
    (language === undefined || job.language?.code === language) &&
    has(job.title, titleContains) &&
    has(job.media.name, mediaNameContains)
  );
}

function has(text: string | null, part: string | undefined): boolean {
  return part === undefined || (text !== null && contains(text, part));
}

const accents = /[\u0300-\u036F]/gu;

/**
 * A text without what a search passes over: in lower case, without the accents of Latin, Greek and Cyrillic letters, ß as ss, full-width and
 * half-width forms as the usual ones. It may be longer than the text.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (isAscii(lower)) return lower;
  // Taken apart, an accent is a character of its own; what other scripts have beside their letters is put together again.
  const bare = lower.normalize('NFKD').replaceAll(accents, '').normalize('NFC').toLowerCase();
  return bare.replaceAll('ß', 'ss');
}

/** The form in which every "contains" of a filter compares texts: folded, and with one Greek sigma, which has another form at the end of a word. */
export function foldForPart(text: string): string {
  return fold(text).replaceAll('ς', 'σ');
}

/** Whether a text has a part, whatever their case and accents. */
function contains(text: string, part: string): boolean {
  return foldForPart(text).includes(foldForPart(part));
}

/** Whether a text has nothing but ASCII. */
export function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- ASCII begins with them
  return !/[^\u0000-\u007F]/u.test(text);
}
