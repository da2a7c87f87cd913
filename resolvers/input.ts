import { z } from 'zod';
import type { Config } from '#src/config/config.ts';
import type { ChannelMode, ComputePower, Task, TranscriptionMode, TranscriptionOptions } from '#src/jobs/job.ts';
import { languageCodes } from '#src/jobs/languages.ts';
import type { TranscriptionSettings } from '#src/settings.ts';
import type { NewJob } from '#src/store/store.ts';
import { checkInput } from './check-input.ts';
import { labelFields } from './label-fields.ts';

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
