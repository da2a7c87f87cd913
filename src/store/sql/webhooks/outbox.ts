import type { Transaction } from 'kysely';
import { nanoid } from 'nanoid';
import type { Job, JobStatus } from '../../../jobs/job.ts';
import type { MessageType, WebhookEvent } from '../../webhooks.ts';
import { inPieces } from '../database/connection.ts';
import { parseTexts, toJson } from '../database/json.ts';
import { readOwnJob } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';

const ends: Readonly<Partial<Record<JobStatus, { readonly event: WebhookEvent; readonly type: MessageType }>>> = {
  COMPLETED: { event: 'JOB_COMPLETED', type: 'job.completed' },
  FAILED: { event: 'JOB_FAILED', type: 'job.failed' },
  CANCELLED: { event: 'JOB_CANCELLED', type: 'job.cancelled' },
};

/** Before the name of a caller: the lane of the callbacks of its jobs. Another lane is the id of a webhook. */
export const callbacks = 'callbacks ';

/** Writes the messages about a job that has come to this status in the same transaction: none where it is no end. */
export async function addMessages(
  tx: Transaction<Tables>,
  jobId: string,
  { status, time }: { readonly status: JobStatus; readonly time: number },
): Promise<void> {
  const end = ends[status];
  if (end === undefined) return;
  const { owner, callback_url: callback } = await tx
    .selectFrom('job')
    .select(['api_key_id as owner', 'callback_url'])
    .where('id', '=', jobId)
    .executeTakeFirstOrThrow();
  const webhooks = await tx
    .selectFrom('webhook')
    .select(['id', 'events'])
    .where('disabled_at', 'is', null)
    .where((eb) => eb.or([eb('every_job', '=', 1), eb('owner', '=', owner)]))
    .execute();
  const targets = [
    ...webhooks
      .filter(({ events }) => parseTexts(events).includes(end.event))
      .map(({ id }) => ({ lane: id, webhook_id: id, url: null })),
    ...(callback === null ? [] : [{ lane: callbacks + (owner ?? ''), webhook_id: null, url: callback }]),
  ];
  if (targets.length === 0) return;
  const data = toJson(told(await readOwnJob(tx, jobId)));
  const rows = targets.map((target) => ({
    ...target,
    id: `msg_${nanoid()}`,
    job_id: jobId,
    owner,
    event: end.type,
    data,
    created_at: time,
    next_attempt_at: time,
  }));
  for (const piece of inPieces(rows)) await tx.insertInto('delivery').values(piece).execute();
}

/** What a message tells of a job, by the names of the API: never its text. */
function told(job: Job): Readonly<Record<string, unknown>> {
  const { id, status, title, tags, metadata, owner, createdAt, startedAt, finishedAt, language, failure } = job;
  const { media, options, segmentCount } = job;
  return {
    id,
    status,
    title,
    tags,
    metadata,
    owner,
    createdAt,
    startedAt,
    finishedAt,
    media: { name: media.name, durationSeconds: media.durationSeconds },
    options: { mode: options.mode, model: options.model, task: options.task },
    language,
    failure,
    segmentCount,
  };
}
