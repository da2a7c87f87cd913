import { z } from 'zod';
import type { EngineStatus, ModelRequest, ModelState } from '../../../jobs/worker.ts';
import { parse, textOrNull } from '../database/json.ts';
import type { Generated } from 'kysely';

/** A process that runs jobs. */
export interface WorkerTable {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly slots: number;
  /** JSON, as `models`, `classes` and `engine`. */
  readonly devices: string;
  readonly models: string;
  readonly classes: string;
  readonly engine: string | null;
  readonly started_at: number;
  readonly seen_at: number;
  /** 1 where it takes no new jobs and is to leave. */
  readonly draining: Generated<0 | 1>;
}

/** What is asked of every worker. */
export interface ModelRequestTable {
  readonly model: string;
  readonly action: ModelRequest['action'];
  readonly requested_at: number;
}

const modelsSchema = z.array(
  z.object({
    id: z.string(),
    installed: z.boolean(),
    bytes: z.number().nullable().catch(null),
    downloading: z.number().nullable().catch(null),
    because: textOrNull,
    problem: textOrNull,
  }),
) satisfies z.ZodType<ModelState[]>;

/** The models of a worker. */
export function parseModels(text: string): readonly ModelState[] {
  return parse(text, modelsSchema, []);
}

const engineSchema = z.object({
  ready: z.boolean(),
  engine: textOrNull,
  fasterWhisper: textOrNull,
  ctranslate2: textOrNull,
  python: textOrNull,
  confined: z.array(z.string()).nullable().catch(null),
  problem: textOrNull,
}) satisfies z.ZodType<EngineStatus>;

/** What the test of a worker's engine found; null where there was none yet. */
export function parseEngine(text: string | null): EngineStatus | null {
  return text === null ? null : parse(text, engineSchema.nullable(), null);
}
