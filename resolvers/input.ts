import { z } from 'zod';
import type { Config } from '#src/config/config.ts';
import { explainIssue } from '#src/config/explain-issue.ts';
import { InvalidInputError } from '#src/errors.ts';
import { type TranscriptionOptions, transcriptionOptionsSchema } from '#src/jobs/job.ts';
import type { TranscriptionSettings } from '#src/settings.ts';
import type { NewJob } from '#src/store/store.ts';

type Optional<T> = T | null | undefined;

/** What a client asks for. Null is the same as absent, except for `language`, where it means: detect. */
export interface TranscribeInput extends Readonly<Partial<Record<keyof TranscriptionOptions, unknown>>> {
  readonly media: { readonly path?: Optional<string>; readonly upload?: unknown };
  readonly priority?: Optional<number>;
  readonly title?: Optional<string>;
  readonly tags?: Optional<readonly string[]>;
  readonly metadata?: unknown;
  readonly idempotencyKey?: Optional<string>;
  readonly reuse?: Optional<boolean>;
}

const maxMetadataCharacters = 16_384;

const metadataSchema = z
  .record(z.string().max(100), z.unknown())
  .refine((value) => Object.keys(value).length <= 50, 'must have at most 50 keys')
  .refine(
    (value) => JSON.stringify(value).length <= maxMetadataCharacters,
    `must have at most ${maxMetadataCharacters} characters as JSON`,
  );

/** What a client may call a job, as the inputs of transcribe and updateJob have it. */
export const labelFields = {
  title: z.string().max(500).nullish(),
  // A tag that is given twice is one.
  tags: z
    .array(z.string().min(1).max(100))
    .max(50)
    .transform((tags) => [...new Set(tags)])
    .nullish(),
  metadata: metadataSchema.nullish(),
  priority: z.int().min(-1000).max(1000).nullish(),
};

const labelsSchema = z.object({ ...labelFields, idempotencyKey: z.string().min(1).max(200).nullish() });

const modeSchema = transcriptionOptionsSchema.pick({ mode: true });

/** The input's options with every default filled in; throws InvalidInputError. */
export function readOptions(
  input: TranscribeInput,
  { settings, config }: { readonly settings: TranscriptionSettings; readonly config: Config['transcription'] },
): TranscriptionOptions {
  const given = Object.fromEntries(
    Object.entries(input).filter(([name, value]) => value !== undefined && (value !== null || name === 'language')),
  );
  const { computePower, language, wordTimestamps, vad } = settings;
  const { mode } = checkInput(modeSchema, { mode: settings.mode, ...given });
  const defaults = { computePower, language, wordTimestamps, vad, beamSize: config.beamSize };
  return checkInput(transcriptionOptionsSchema, { ...defaults, model: config.modes[mode].model, ...given, mode });
}

/** What the client calls the job; throws InvalidInputError. */
export function readLabels(input: TranscribeInput): Omit<NewJob, 'media' | 'options' | 'callerId'> {
  const { title, tags, metadata, priority, idempotencyKey } = checkInput(labelsSchema, input);
  return {
    title: title ?? null,
    tags: tags ?? [],
    metadata: metadata ?? null,
    priority: priority ?? 0,
    idempotencyKey: idempotencyKey ?? null,
  };
}

/** The argument `input` as its schema lets it through. Throws InvalidInputError with the path of the first value that is not allowed. */
export function checkInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = ['input', ...(issue?.path ?? [])].join('.');
  throw new InvalidInputError(field, `${field} ${issue ? explainIssue(issue) : 'is not valid'}.`);
}
