import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from './tables.ts';

/** Segments that a transcript can have: 580 hours of subtitles of half a second. */
export const segmentsPerRevision = 2 ** 22;

/** Where the segments of a transcript are kept: those of its job, whose indexes in the tables count from `first` on. */
export interface Transcript {
  readonly jobId: string;
  readonly first: number;
}

/** The index of a segment within its transcript, from the one in the tables. */
export function indexIn(index: number): number {
  return index % segmentsPerRevision;
}

/** The first index in the tables of a revision. */
export function firstIndex(revision: number): number {
  return revision * segmentsPerRevision;
}

/** As `firstIndex`, of an expression in SQL. */
export function firstOf(revision: string): RawBuilder<number> {
  return sql<number>`(${sql.raw(revision)}) * ${sql.lit(segmentsPerRevision)}`;
}

/** Where the segments of the transcript that stands begin, as a part of a query. */
export function standingFirst(jobId: string): RawBuilder<number> {
  return sql<number>`(select ${firstOf('job.revision')} from job where job.id = ${jobId})`;
}

/** The event that began a transcript anew after one that somebody has seen, since when its indexes and keys mean others; null where there is none. */
export async function begunAnew(db: Kysely<Tables>, jobId: string, seenSeq: number): Promise<number | null> {
  const row = await db
    .selectFrom('cleared')
    .select('seq')
    .where('job_id', '=', jobId)
    .where('seq', '>', seenSeq)
    .limit(1)
    .executeTakeFirst();
  return row?.seq ?? null;
}

/** The transcript that stands; the first one where there is no such job. */
export async function readTranscript(db: Kysely<Tables>, jobId: string): Promise<Transcript> {
  const row = await db.selectFrom('job').select('revision').where('id', '=', jobId).executeTakeFirst();
  return { jobId, first: firstIndex(row?.revision ?? 0) };
}
