import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config.ts';
import type { Health } from './context.ts';
import { hashFile, identify } from './media/hash.ts';
import { modelPath } from './models.ts';

/** What decides a transcript beside the recording and the options. */
export interface EngineIdentity {
  /** Version of our program. */
  readonly engine: string;
  readonly fasterWhisper: string;
  readonly ctranslate2: string;
  /** SHA-256 of model.bin. */
  readonly model: string;
}

const provenanceSchema = z.object({
  engine: z.string(),
  versions: z.object({ fasterWhisper: z.string(), ctranslate2: z.string() }),
  model: z.object({ sha256: z.string() }),
});

/** Whether an attempt, as its provenance tells, was one of this engine. */
export function isOf(engine: EngineIdentity, provenance: unknown): boolean {
  const told = provenanceSchema.safeParse(provenance).data;
  return (
    told !== undefined &&
    told.engine === engine.engine &&
    told.versions.fasterWhisper === engine.fasterWhisper &&
    told.versions.ctranslate2 === engine.ctranslate2 &&
    told.model.sha256 === engine.model
  );
}

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
