import type { Job } from '#src/jobs/job.ts';
import type { ServerStatus } from '#src/operations/server-status.ts';
import { type CurrentSettings, readConfig } from './config.ts';
import type { Context } from './context.ts';

/** What has this id; null where there is nothing. */
export async function readNode(
  id: string,
  context: Pick<Context, 'settings' | 'serverReader' | 'loaders'>,
): Promise<Job | CurrentSettings | ServerStatus | null> {
  switch (id) {
    case 'config':
      return readConfig(context);
    case 'server':
      return context.serverReader.now();
    default:
      return context.loaders.job.load(id);
  }
}
