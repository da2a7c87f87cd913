import { z } from 'zod';
import {
  channelModes,
  computePowers,
  failureCodes,
  jobStages,
  jobStatuses,
  tasks,
  transcriptionModes,
  type JobFailure,
  type TranscriptionOptions,
} from '../../job.ts';
import type { JobFact } from '../../job-event.ts';
import type { Word } from '../../transcript.ts';

/** Text that every database keeps as it is: PostgreSQL takes no NUL, UTF-8 no half of a surrogate pair. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** The JSON text of a value, clean in keys and strings. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  // JSON.stringify escapes exactly the halves of surrogate pairs; other escapes are stepped over whole, so that \\u0000 stays.
  return text.includes(String.raw`\u`)
    ? text.replaceAll(/\\(?:u(0000|d[89a-f][0-9a-f]{2})|[^])/g, (escape, bad?: string) => (bad ? '\uFFFD' : escape))
    : text;
}

/** The value of a column that may hold any JSON; null where it is empty. */
export function parseAny(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

const objectSchema = z.record(z.string(), z.unknown());

/** A column that holds an object, such as metadata, provenance and the fields of a log line. */
export function parseObject(text: string | null): Readonly<Record<string, unknown>> | null {
  return text === null ? null : objectSchema.parse(JSON.parse(text));
}

const textsSchema = z.array(z.string());

/** A column that holds texts, such as tags and warnings. */
export function parseTexts(text: string): readonly string[] {
  return textsSchema.parse(JSON.parse(text));
}

const optionsSchema: z.ZodType<TranscriptionOptions> = z.object({
  mode: z.enum(transcriptionModes),
  model: z.string(),
  computePower: z.enum(computePowers),
  language: z.string().nullable(),
  multilingual: z.boolean(),
  task: z.enum(tasks),
  wordTimestamps: z.boolean(),
  vad: z.boolean(),
  channels: z.enum(channelModes),
  initialPrompt: z.string().nullable(),
  hotwords: z.string().nullable(),
  beamSize: z.number(),
  clip: z.object({ startSeconds: z.number(), endSeconds: z.number().nullable() }).nullable(),
});

/** The options of a job. */
export function parseOptions(text: string): TranscriptionOptions {
  return optionsSchema.parse(JSON.parse(text));
}

const failureSchema: z.ZodType<JobFailure> = z.object({
  code: z.enum(failureCodes),
  message: z.string(),
  hint: z.string().nullable(),
  retryable: z.boolean(),
});

/** Why a job failed. */
export function parseFailure(text: string | null): JobFailure | null {
  return text === null ? null : failureSchema.parse(JSON.parse(text));
}

const wordsSchema = z.array(
  z.object({
    startSeconds: z.number(),
    endSeconds: z.number(),
    text: z.string(),
    probability: z.number(),
    speaker: z.string().nullable(),
  }),
);

/** The words of a segment. */
export function parseWords(text: string | null): readonly Word[] | null {
  return text === null ? null : wordsSchema.parse(JSON.parse(text));
}

const segmentSchema = z.object({
  index: z.number(),
  startSeconds: z.number(),
  endSeconds: z.number(),
  text: z.string(),
  language: z.string().nullable(),
  speaker: z.string().nullable(),
  avgLogProbability: z.number().nullable(),
  noSpeechProbability: z.number().nullable(),
  guard: z.string().nullable(),
  words: wordsSchema.nullable(),
});

const progressSchema = z.object({
  stage: z.enum(jobStages),
  fraction: z.number(),
  processedSeconds: z.number(),
  etaSeconds: z.number().nullable(),
  speed: z.number().nullable(),
});

const factSchema: z.ZodType<JobFact> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('STATUS_CHANGED'),
    status: z.enum(jobStatuses),
    previous: z.enum(jobStatuses).nullable(),
    attempt: z.number().nullable(),
  }),
  z.object({ kind: z.literal('PROGRESSED'), progress: progressSchema }),
  z.object({
    kind: z.literal('LANGUAGE_DETECTED'),
    language: z.object({ code: z.string(), probability: z.number() }),
  }),
  z.object({ kind: z.literal('SEGMENTS_ADDED'), segments: z.array(segmentSchema) }),
  z.object({ kind: z.literal('TRANSCRIPT_CLEARED'), attempt: z.number() }),
]);

/** What an event says, from its two columns. */
export function parseFact(kind: JobFact['kind'], data: string): JobFact {
  const said: unknown = JSON.parse(data);
  return factSchema.parse({ ...objectSchema.parse(said), kind });
}
