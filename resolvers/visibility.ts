import { type Caller, sees } from '#src/config/api-key.ts';
import type { JobFilter } from '#src/jobs/job-filter.ts';
import type { Job } from '#src/jobs/job.ts';
import type { LogFilter } from '#src/store/logs.ts';
import type { Webhook } from '#src/store/webhooks.ts';
import type { Context } from './context.ts';

/**
 * The context as a caller has it: for a USER, what is not theirs is not there. Everything that finds jobs, or lines of the log, by what a client gives is
 * restricted here; what belongs to a job is asked for by a job that was found so.
 */
export function contextFor(context: Context, caller: Caller): Context {
  const { role, name } = caller;
  if (role !== 'USER' || name === null) return context;
  const { store, loaders, changes } = context;
  const own = (job: Job | null) => (job !== null && sees(caller, job) ? job : null);
  const job = async (id: string) => own(await store.job(id));
  const ifOwn = async <T>(id: string, act: () => Promise<T>) => ((await job(id)) === null ? null : act());
  const ownJobs = (filter: JobFilter): JobFilter =>
    filter.owner === undefined || filter.owner === name ? { ...filter, owner: name } : { ids: [] };
  const ownWebhook = async (id: string) => {
    const webhook = await store.webhook(id);
    return webhook?.owner === name ? webhook : null;
  };
  const ownLines = (filter: LogFilter): LogFilter => ({ ...filter, owner: name });
  return {
    ...context,
    store: {
      ...store,
      job,
      jobs: (filter, ...rest) => store.jobs(ownJobs(filter), ...rest),
      countJobs: (filter) => store.countJobs(ownJobs(filter)),
      search: (query, filter, page) => store.search(query, ownJobs(filter), page),
      cancel: (id) => ifOwn(id, () => store.cancel(id)),
      retry: (id, ...rest) => ifOwn(id, () => store.retry(id, ...rest)),
      updateJob: (id, labels) => ifOwn(id, () => store.updateJob(id, labels)),
      editSegments: (id, ...rest) => ifOwn(id, () => store.editSegments(id, ...rest)),
      revertSegments: (id, ...rest) => ifOwn(id, () => store.revertSegments(id, ...rest)),
      renameSpeaker: (id, ...rest) => ifOwn(id, () => store.renameSpeaker(id, ...rest)),
      mergeSpeakers: (id, ...rest) => ifOwn(id, () => store.mergeSpeakers(id, ...rest)),
      requestDetection: (id, ...rest) => ifOwn(id, () => store.requestDetection(id, ...rest)),
      deleteJob: (id) => ifOwn(id, () => store.deleteJob(id)),
      webhooks: async () => (await store.webhooks()).filter(({ owner }: Webhook) => owner === name),
      webhook: ownWebhook,
      deleteWebhook: async (id) => (await ownWebhook(id)) !== null && store.deleteWebhook(id),
      logs: (filter, page) => store.logs(ownLines(filter), page),
      logsSince: (filter, ...rest) => store.logsSince(ownLines(filter), ...rest),
    },
    loaders: { ...loaders, job: { load: async (id) => own(await loaders.job.load(id)) } },
    changes: {
      ...changes,
      job: async (id) => own(await changes.job(id)),
      async changedSince(from) {
        const { items, ...rest } = await changes.changedSince(from);
        return { ...rest, items: items.filter(({ job: each }) => sees(caller, each)) };
      },
      async deletedSince(from) {
        const { items, ...rest } = await changes.deletedSince(from);
        return { ...rest, items: items.filter((each) => sees(caller, each)) };
      },
    },
  };
}
