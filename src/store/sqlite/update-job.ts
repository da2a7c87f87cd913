import type { Job } from '../../job.ts';
import type { JobLabels } from '../port.ts';
import { changeJob, lockJob, type Change } from './change.ts';
import { commit, type Connection } from './connection.ts';
import { cleanText, toJson } from './json.ts';
import { changeTags, changeTitle } from './labels.ts';
import { readOwnJob } from './select-job.ts';

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
