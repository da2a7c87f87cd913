import type { Kysely } from 'kysely';
import { isDescribed, type JobFilter } from '../../../jobs/job-filter.ts';
import { parseTexts } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';

/** Those of the jobs with these numbers that match a filter, whose time they are known to fit, in the order of the numbers. */
export async function keepMatching(
  db: Kysely<Tables>,
  filter: JobFilter,
  numbers: readonly number[],
): Promise<readonly number[]> {
  if (numbers.length === 0) return numbers;
  const rows = await selectDescribed(db, filter).where('job.number', 'in', numbers).execute();
  const matching = new Set(numbersOf(rows, filter));
  return numbers.filter((number) => matching.has(number));
}

/** Numbers of those of the jobs with these ids that match a filter, apart from its time, in no order. */
export async function keepNamed(
  db: Kysely<Tables>,
  filter: JobFilter,
  ids: readonly string[],
): Promise<readonly number[]> {
  const rows = await selectDescribed(db, filter).where('job.id', 'in', ids).execute();
  return numbersOf(rows, filter);
}

/** As little of a job as the filter looks at: to read all of it would take three times as long. */
function selectDescribed(db: Kysely<Tables>, { tag, titleContains, mediaNameContains }: JobFilter) {
  return db
    .selectFrom('job')
    .select(['job.number', 'job.status'])
    .$if(tag !== undefined, (jobs) => jobs.select('job.tags'))
    .$if(titleContains !== undefined, (jobs) => jobs.select('job.title'))
    .$if(mediaNameContains !== undefined, (jobs) =>
      jobs.innerJoin('media', 'media.id', 'job.media_id').select('media.name'),
    );
}

type Row = Awaited<ReturnType<ReturnType<typeof selectDescribed>['execute']>>[number];

/** What was not read is not looked at. */
function numbersOf(rows: readonly Row[], filter: JobFilter): readonly number[] {
  return rows
    .filter(({ status, tags, title = null, name = '' }) =>
      isDescribed({ status, tags: tags === undefined ? [] : parseTexts(tags), title, media: { name } }, filter),
    )
    .map(({ number }) => number);
}
