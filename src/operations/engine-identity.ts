import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { EngineIdentity } from '../jobs/provenance.ts';
import { hashFile, identify } from '../media/hash.ts';
import { modelPath } from '../models/installed.ts';
import type { Health } from './health.ts';

/** Tells what an engine with a model would be now; null while that is not known, such as before the engine has been tested. */
export type IdentifyEngine = (model: string) => Promise<EngineIdentity | null>;

/** Reads a model once, and again when its file has changed: the largest takes seconds. */
export function openEngineIdentity(config: Config, health: Pick<Health, 'engine'>): IdentifyEngine {
  const hashes = new Map<string, Promise<string>>();
  return async (model) => {
    const { engine, fasterWhisper, ctranslate2 } = health.engine;
    const file = join(modelPath(config, model), 'model.bin');
    const identity = await identify(file);
    if (engine === null || fasterWhisper === null || ctranslate2 === null || identity === null) return null;
    const key = `${file} ${identity}`;
    const hash = hashes.get(key) ?? hashFile(file);
    hashes.set(key, hash);
    try {
      return { engine, fasterWhisper, ctranslate2, model: await hash };
    } catch {
      // Such as a model that is being removed.
      hashes.delete(key);
      return null;
    }
  };
}
