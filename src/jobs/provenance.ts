import { z } from 'zod';

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
