import type { Job } from '../../../jobs/job.ts';
import type { JobLabels } from '../../store.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, toJson } from '../database/json.ts';
import { readOwnJob } from '../database/select-job.ts';
import { type Change, changeJob, lockJob } from './change.ts';
import { changeTags, changeTitle } from './labels.ts';

/** Writes what a client calls a job. Null where there is none. */
export function updateJob(connection: Connection, id: string, labels: Partial<JobLabels>): Promise<Job | null> {
  return commit(connection, async (tx) => {
    const job = await lockJob(tx, id, (eb) => eb.lit(true));
    if (job === undefined) return null;
    const set = labelColumns(labels);
    await changeJob(tx, job, { set, facts: [], time: connection.now() });
    if (set.title !== undefined) await changeTitle(tx, { ...job, title: set.title });
    if (set.tags !== undefined) await changeTags(tx, { ...job, tags: set.tags }, job);
    return readOwnJob(tx, id);
  });
}

function labelColumns({ title, tags, metadata, priority }: Partial<JobLabels>): Change['set'] {
  return {
    ...(title === undefined ? {} : { title: title === null ? null : cleanText(title) }),
    ...(tags === undefined ? {} : { tags: toJson(tags) }),
    ...(metadata === undefined ? {} : { metadata: metadata === null ? null : toJson(metadata) }),
    ...(priority === undefined ? {} : { priority }),
  };
}
