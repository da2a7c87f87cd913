import type { Kysely } from 'kysely';
import { indexIn, segmentsPerRevision, type Transcript } from '../database/revision.ts';
import { selectSegments } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { toVersion, type Version } from '../editing/edit-rows.ts';

/** Read with their words in a few milliseconds. */
const versionsAtOnce = 100;

/** Reads a transcript once, from its beginning to its end. */
export function openVersions(db: Kysely<Tables>, { jobId, first }: Transcript) {
  const waiting = new Map<number, Version[]>();
  let after = -1;
  let reached = Number.NEGATIVE_INFINITY;

  async function readPage(): Promise<void> {
    const rows = await selectSegments(db)
      .where('segment.job_id', '=', jobId)
      .where('segment.index', '>', first + after)
      .where('segment.index', '<', first + segmentsPerRevision)
      .orderBy('segment.index')
      .limit(versionsAtOnce)
      .execute();
    for (const row of rows) {
      const version = toVersion(row);
      after = version.heard.index;
      reached = version.heard.startSeconds;
      const partOf = row.part_of ?? indexIn(row.index);
      const parts = waiting.get(partOf);
      if (parts === undefined) waiting.set(partOf, [version]);
      else parts.push(version);
    }
    if (rows.length === 0) reached = Number.POSITIVE_INFINITY;
  }

  return {
    /** The parts of a segment that ends then, as it was heard; each segment once, in their order. */
    async of(segment: number, endSeconds: number): Promise<readonly Version[]> {
      while (reached <= endSeconds) await readPage();
      const parts = waiting.get(segment) ?? [];
      waiting.delete(segment);
      return parts;
    },
  };
}
