import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Where the span of a job stands in its trace, as W3C Trace Context writes it: attempts belong there, whichever process runs them. */
export const jobTraces: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table job add column traceparent text`.execute(db);
  },
};
