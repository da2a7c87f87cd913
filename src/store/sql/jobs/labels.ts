import type { Insertable, Transaction } from 'kysely';
import { foldForPart } from '../../../jobs/job-filter.ts';
import { whole } from '../database/dialect.ts';
import { parseTexts } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';

/** The number of a job with the columns that lists of jobs are found by. */
type LabelledJob = Pick<Insertable<Tables['job']>, 'number' | 'title' | 'tags'>;

/** Has a new job found by its tags, its title and the name of its recording. */
export async function addLabels(tx: Transaction<Tables>, job: LabelledJob, mediaName: string): Promise<void> {
  await addTags(tx, job);
  await addTitle(tx, job);
  await addName(tx, 'job_media_name', { number: job.number, text: mediaName });
}

/** Has a job found by another title. */
export async function changeTitle(tx: Transaction<Tables>, job: LabelledJob): Promise<void> {
  await tx.deleteFrom('job_title').where('rowid', '=', whole(job.number)).execute();
  await addTitle(tx, job);
}

/** Has a job found by another name of its recording. */
export async function changeMediaName(tx: Transaction<Tables>, number: number, text: string): Promise<void> {
  await tx.deleteFrom('job_media_name').where('rowid', '=', whole(number)).execute();
  await addName(tx, 'job_media_name', { number, text });
}

/** Has a job found by other tags than those of `before`. */
export async function changeTags(tx: Transaction<Tables>, job: LabelledJob, before: LabelledJob): Promise<void> {
  await removeTags(tx, before);
  await addTags(tx, job);
}

/** Has a job found by nothing any more. */
export async function removeLabels(tx: Transaction<Tables>, job: LabelledJob): Promise<void> {
  await removeTags(tx, job);
  await tx.deleteFrom('job_title').where('rowid', '=', whole(job.number)).execute();
  await tx.deleteFrom('job_media_name').where('rowid', '=', whole(job.number)).execute();
}

async function addTags(tx: Transaction<Tables>, { number, tags }: LabelledJob): Promise<void> {
  const rows = [...new Set(parseTexts(tags))].map((tag) => ({ tag, number }));
  if (rows.length > 0) await tx.insertInto('job_tag').values(rows).execute();
}

async function removeTags(tx: Transaction<Tables>, { number, tags }: LabelledJob): Promise<void> {
  const texts = parseTexts(tags);
  if (texts.length === 0) return;
  await tx.deleteFrom('job_tag').where('tag', 'in', texts).where('number', '=', number).execute();
}

async function addTitle(tx: Transaction<Tables>, { number, title }: LabelledJob): Promise<void> {
  if (typeof title === 'string') await addName(tx, 'job_title', { number, text: title });
}

async function addName(
  tx: Transaction<Tables>,
  table: 'job_title' | 'job_media_name',
  { number, text }: { readonly number: number; readonly text: string },
): Promise<void> {
  await tx
    .insertInto(table)
    .values({ rowid: whole(number), text: foldForPart(text) })
    .execute();
}
