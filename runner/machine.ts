import { availableParallelism } from 'node:os';
import type { Config } from '#src/config.ts';
import { isInstalled } from '#src/models.ts';
import type { Machine } from './command.ts';

/** Looks at what a job with this model finds on this machine now. */
export async function lookAtMachine(
  config: Config,
  model: string,
  { numJobs, hasGpu }: { readonly numJobs: () => number; readonly hasGpu: () => Promise<boolean> },
): Promise<Machine> {
  const [hasModel, gpu] = await Promise.all([isInstalled(config, model), hasGpu()]);
  return { hasGpu: gpu, hasModel, cores: availableParallelism(), numJobs: numJobs() };
}
