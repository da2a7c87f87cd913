import { access } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from '#src/config.ts';
import { modelPath, type Machine } from './command.ts';

/** Looks at what a job with this model finds on this machine now. */
export async function lookAtMachine(
  config: Config,
  model: string,
  { numJobs, hasGpu }: { readonly numJobs: () => number; readonly hasGpu: () => Promise<boolean> },
): Promise<Machine> {
  const path = modelPath(config, model);
  return {
    hasGpu: await hasGpu(),
    hasModel: path !== null && (await isThere(join(path, 'model.bin'))),
    cores: availableParallelism(),
    numJobs: numJobs(),
  };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
