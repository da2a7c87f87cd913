import { z } from 'zod';
import type { Caller } from '#src/config/api-key.ts';
import type { Config } from '#src/config/config.ts';
import { explainIssue } from '#src/config/explain-issue.ts';
import { InvalidInputError, RequestError } from '#src/errors.ts';
import {
  type JobLabels,
  jobLabelsSchema,
  type SpeakerBounds,
  speakerBoundsSchema,
  type TranscriptionOptions,
  transcriptionOptionsSchema,
} from '#src/jobs/job.ts';
import { readTarget } from '#src/operations/webhooks/target.ts';
import type { TranscriptionSettings } from '#src/settings.ts';

type Optional<T> = T | null | undefined;

/** What a client asks for. Null is the same as absent, except for `language`, where it means: detect. */
export interface TranscribeInput extends LabelsInput, Readonly<Partial<Record<keyof TranscriptionOptions, unknown>>> {
  readonly media: {
    readonly path?: Optional<string>;
    readonly upload?: unknown;
    readonly url?: Optional<string>;
    readonly uploadId?: Optional<string>;
  };
  readonly idempotencyKey?: Optional<string>;
  readonly reuse?: Optional<boolean>;
  readonly callbackUrl?: Optional<string>;
}

/** What a client calls a job. */
export type LabelsInput = Readonly<Partial<Record<keyof JobLabels, unknown>>>;

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
  const options = checkInput(transcriptionOptionsSchema, {
    ...defaults,
    model: config.modes[mode].model,
    ...given,
    mode,
  });
  requireSpeakers(options);
  return options;
}

/** Throws InvalidInputError where speakers are asked for as they cannot be. */
function requireSpeakers({ diarize, channels, ...bounds }: TranscriptionOptions): void {
  if (diarize && channels === 'SPLIT') {
    const hint = 'With SPLIT each channel is one speaker; tell speakers apart with MIX.';
    throw new InvalidInputError('input.diarize', 'input.diarize goes with channels MIX only.', hint);
  }
  const named = (['minSpeakers', 'maxSpeakers'] as const).find((name) => bounds[name] !== null);
  if (!diarize && named !== undefined)
    throw new InvalidInputError(`input.${named}`, `input.${named} needs diarize: true.`);
  requireOrder(bounds, 'input.');
}

/** Throws InvalidInputError where there would be more speakers at least than at most. */
function requireOrder({ minSpeakers, maxSpeakers }: SpeakerBounds, where: string): void {
  if (minSpeakers === null || maxSpeakers === null || minSpeakers <= maxSpeakers) return;
  throw new InvalidInputError(`${where}minSpeakers`, `${where}minSpeakers must not be above ${where}maxSpeakers.`);
}

/** How many speakers there are, each in an argument of its own; throws InvalidInputError. */
export function readSpeakerBounds(given: Readonly<Record<keyof SpeakerBounds, unknown>>): SpeakerBounds {
  const minSpeakers = checkInput(speakerBoundsSchema.shape.minSpeakers, given.minSpeakers ?? null, 'minSpeakers');
  const maxSpeakers = checkInput(speakerBoundsSchema.shape.maxSpeakers, given.maxSpeakers ?? null, 'maxSpeakers');
  requireOrder({ minSpeakers, maxSpeakers }, '');
  return { minSpeakers, maxSpeakers };
}

/** What the client calls the job, with every default filled in; throws InvalidInputError. */
export function readLabels(input: LabelsInput): JobLabels {
  return checkInput(jobLabelsSchema, Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null)));
}

/** Throws InvalidInputError where a USER asks for more than it may. */
export function requirePriority(priority: unknown, max: number, { role }: Caller): void {
  if (role !== 'USER' || typeof priority !== 'number' || priority <= max) return;
  throw new InvalidInputError(
    'input.priority',
    `input.priority must be at most ${max} with an API key of the role USER.`,
  );
}

/** Throws FORBIDDEN where a USER names what lies under the media roots, and may not. */
export function requireMediaRoots({ usersMayReadMediaRoots }: Config['server'], { role }: Caller): void {
  if (role !== 'USER' || usersMayReadMediaRoots) return;
  const hint = 'Upload the recording. (Whoever runs the server may allow it: usersMayReadMediaRoots in config.json.)';
  throw new RequestError('FORBIDDEN', 'An API key of the role USER names no recordings of the server.', hint);
}

const keySchema = z.object({ idempotencyKey: z.string().min(1).max(200).nullish() });

/** Throws InvalidInputError. */
export function readIdempotencyKey(input: TranscribeInput): string | null {
  return checkInput(keySchema, input).idempotencyKey ?? null;
}

/** Who is told of the end of the job. Throws InvalidInputError, also where the server has nothing to sign with. */
export function readCallback({ callbackUrl }: TranscribeInput, server: Config['server']): string | null {
  if (callbackUrl === undefined || callbackUrl === null) return null;
  const field = 'input.callbackUrl';
  if (server.webhookSecret !== null) return readTarget(callbackUrl, field, server.urlAllowedCidrs);
  const hint = 'Whoever runs the server sets webhookSecret in config.json. A webhook (createWebhook) needs none.';
  throw new InvalidInputError(field, 'The server has no secret to sign callbacks with.', hint);
}

/** An argument as its schema lets it through. Throws InvalidInputError with the path of the first value that is not allowed. */
export function checkInput<T>(schema: z.ZodType<T>, input: unknown, name = 'input'): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = [name, ...(issue?.path ?? [])].join('.');
  throw new InvalidInputError(field, `${field} ${issue ? explainIssue(issue) : 'is not valid'}.`);
}
