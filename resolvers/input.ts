import { z } from 'zod';
import type { Config } from '#src/config/config.ts';
import { explainIssue } from '#src/config/explain-issue.ts';
import { InvalidInputError } from '#src/errors.ts';
import type { ChannelMode, ComputePower, Task, TranscriptionMode, TranscriptionOptions } from '#src/jobs/job.ts';
import { languageCodes } from '#src/jobs/languages.ts';
import type { TranscriptionSettings } from '#src/settings.ts';
import type { NewJob } from '#src/store/store.ts';

type Optional<T> = T | null | undefined;

/** What a client asks for. Null is the same as absent, except for `language`, where it means: detect. */
export interface TranscribeInput {
  readonly media: { readonly path?: Optional<string>; readonly upload?: unknown };
  readonly mode?: Optional<TranscriptionMode>;
  readonly computePower?: Optional<ComputePower>;
  readonly model?: Optional<string>;
  readonly language?: Optional<string>;
  readonly multilingual?: Optional<boolean>;
  readonly task?: Optional<Task>;
  readonly wordTimestamps?: Optional<boolean>;
  readonly vad?: Optional<boolean>;
  readonly channels?: Optional<ChannelMode>;
  readonly initialPrompt?: Optional<string>;
  readonly hotwords?: Optional<string>;
  readonly beamSize?: Optional<number>;
  readonly clip?: Optional<{ readonly startSeconds?: Optional<number>; readonly endSeconds?: Optional<number> }>;
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

const inputSchema = z.object({
  language: z.enum(languageCodes, 'must be a code of configOptions.languages, such as en').nullish(),
  initialPrompt: z.string().max(2000).nullish(),
  hotwords: z.string().max(2000).nullish(),
  beamSize: z.int().min(1).max(10).nullish(),
  clip: z
    .object({ startSeconds: z.number().min(0).nullish(), endSeconds: z.number().positive().nullish() })
    .refine((clip) => clip.endSeconds == null || clip.endSeconds > (clip.startSeconds ?? 0), {
      path: ['endSeconds'],
      error: 'must be after startSeconds',
    })
    .nullish(),
  ...labelFields,
  idempotencyKey: z.string().min(1).max(200).nullish(),
});

/** The input's options with every default filled in; throws InvalidInputError. */
export function readOptions(
  input: TranscribeInput,
  { settings, config }: { readonly settings: TranscriptionSettings; readonly config: Config['transcription'] },
): TranscriptionOptions {
  const checked = check(input);
  const mode = input.mode ?? settings.mode;
  return {
    mode,
    model: input.model ?? config.modes[mode].model,
    computePower: input.computePower ?? settings.computePower,
    language: checked.language === undefined ? settings.language : checked.language,
    multilingual: input.multilingual ?? false,
    task: input.task ?? 'TRANSCRIBE',
    wordTimestamps: input.wordTimestamps ?? settings.wordTimestamps,
    vad: input.vad ?? settings.vad,
    channels: input.channels ?? 'MIX',
    initialPrompt: checked.initialPrompt ?? null,
    hotwords: checked.hotwords ?? null,
    beamSize: checked.beamSize ?? config.beamSize,
    clip: checked.clip
      ? { startSeconds: checked.clip.startSeconds ?? 0, endSeconds: checked.clip.endSeconds ?? null }
      : null,
  };
}

/** What the client calls the job; throws InvalidInputError. */
export function readLabels(input: TranscribeInput): Omit<NewJob, 'media' | 'options' | 'callerId'> {
  const { title, tags, metadata, priority, idempotencyKey } = check(input);
  return {
    title: title ?? null,
    tags: tags ?? [],
    metadata: metadata ?? null,
    priority: priority ?? 0,
    idempotencyKey: idempotencyKey ?? null,
  };
}

function check(input: TranscribeInput): z.infer<typeof inputSchema> {
  return checkInput(inputSchema, input);
}

/** The argument `input` as its schema lets it through. Throws InvalidInputError with the path of the first value that is not allowed. */
export function checkInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = ['input', ...(issue?.path ?? [])].join('.');
  throw new InvalidInputError(field, `${field} ${issue ? explainIssue(issue) : 'is not valid'}.`);
}
