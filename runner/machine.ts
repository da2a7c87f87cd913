import { availableParallelism } from 'node:os';
import type { Config } from '#src/config/config.ts';
import { isInstalled } from '#src/models/installed.ts';
import type { Machine } from './engine-request.ts';

/** Looks at what a job with this model finds on this machine now. */
export async function lookAtMachine(
  config: Config,
  model: string,
  { numJobs, hasGpu }: { readonly numJobs: () => number; readonly hasGpu: () => Promise<boolean> },
): Promise<Machine> {
  const [hasModel, gpu] = await Promise.all([isInstalled(config, model), hasGpu()]);
  return { hasGpu: gpu, hasModel, cores: availableParallelism(), numJobs: numJobs() };
}
