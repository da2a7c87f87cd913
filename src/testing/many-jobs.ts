import Sqlite from 'better-sqlite3';
import { foldForPart } from '#src/jobs/job-filter.ts';
import { added } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';

/** Jobs that are unlike the others, the oldest: what looks for them from the newest passes all. */
const oddJobs = 5;

/**
 * Stores so many completed jobs, a second apart, in a new database, as no client could send them in a test's time. They are called `Interview
 * 0000123 with Anna` and `recording-0000123.wma` and have the tag `radio`; the oldest five are FAILED, have the tag `rare` and a Zebra in their title.
 * The newest, or so many of the newest, have `segments` segments.
 */
export async function storeManyJobs(
  file: string,
  { jobs, segments, ofNewest = 1 }: { readonly jobs: number; readonly segments: number; readonly ofNewest?: number },
): Promise<void> {
  const first = await storeOne(file);
  const db = new Sqlite(file);
  // The function stands here alone: in the server the store folds what it writes.
  db.function('fold', { deterministic: true }, (text) => (typeof text === 'string' ? foldForPart(text) : null));
  db.transaction(() => {
    for (const statement of statements) db.prepare(statement).run({ first, jobs, odd: oddJobs });
    for (const [table, column] of [
      ['job_title', 'job.title'],
      ['job_media_name', 'media.name'],
    ] as const) {
      db.exec(
        `insert into ${table} (rowid, text) select job.number, fold(${column}) from job join media on media.id = job.media_id`,
      );
    }
    for (let job = jobs - ofNewest; job < jobs; job += 1) {
      db.prepare(insertSegments).run({ job: idOf(job), segments });
      db.prepare('update job set segment_count = ? where id = ?').run(segments, idOf(job));
    }
  })();
  db.close();
}

/** When one of the stored jobs was created, and changed last. */
export function timeOf(job: number): number {
  return 1_700_000_000_000 + job * 1000;
}

/** The id of one of the stored jobs; 0 is the oldest. */
export function idOf(job: number): string {
  return `job_${String(job).padStart(21, '0')}`;
}

async function storeOne(file: string): Promise<string> {
  await using store = await openStore({ database: file });
  const { id } = await added(store, { title: null, tags: [] });
  return id;
}

const counted = 'with recursive at(n) as (select 0 union all select n + 1 from at where n + 1 < @jobs)';

/** The one job that a store has added lends its options, and goes. */
const statements: readonly string[] = [
  `insert into media (id, name, root, path, bytes, warnings)
   ${counted} select format('media_%021d', n), format('recording-%07d.wma', n), '/media', 'recording.wma', 12, '[]' from at`,
  `insert into job (id, number, status, title, tags, priority, options, media_id, created_at, arrival, needs, started_at, finished_at, stage, fraction,
     processed_seconds, segment_count, crashes, event_seq, updated_at)
   ${counted} select format('job_%021d', n), (1700000000000 + n * 1000) * 1024, iif(n < @odd, 'FAILED', 'COMPLETED'),
     format('%s %07d with %s', iif(n < @odd, 'Zebra', 'Interview'), n, iif(n % 2, 'Anna', 'Bert')),
     iif(n < @odd, '["radio","rare"]', '["radio"]'), 0, (select options from job where id = @first), format('media_%021d', n),
     1700000000000 + n * 1000, n, 'COMPACT AUTO', 1, 2, 'DONE', 1, 1, 0, 0, 1, 1700000000000 + n * 1000 from at`,
  `insert into job_tag select tag.value, number from job, json_each(job.tags) as tag where @odd > 0`,
  `delete from job_media_name where rowid = (select number from job where id = @first)`,
  `delete from job where id = @first`,
];

const insertSegments = `insert into segment (job_id, "index", start_ms, end_ms, text)
  with recursive at(n) as (select 0 union all select n + 1 from at where n + 1 < @segments)
  select @job, n, n * 1000, n * 1000 + 900, format('segment %d', n) from at`;
