import { z } from 'zod';
import {
  type AudioTrack,
  failureCodes,
  type JobFact,
  type JobFailure,
  jobStages,
  jobStatuses,
  type TranscriptionOptions,
  transcriptionOptionsSchema,
} from '../../../jobs/job.ts';
import type { Word } from '../../../jobs/transcript.ts';

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

/**
 * A column of JSON as its schema has it. What is missing or wrong in it becomes what the schema says instead, and a text that is no JSON the
 * `fallback`: a version that adds a field must read what is there already, and one broken row must not hide the others.
 */
export function parse<T>(text: string, schema: z.ZodType<T>, fallback: NoInfer<T>): T {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? fallback;
  } catch {
    return fallback;
  }
}

/** The value of a column that may hold any JSON; null where it is empty. */
export function parseAny(text: string | null): unknown {
  return text === null ? null : parse(text, anySchema, null);
}

const anySchema = z.unknown();
const objectSchema = z.record(z.string(), z.unknown());
const objectOrNullSchema = objectSchema.nullable();
const textsSchema = z.array(z.string());

/** A column that holds an object, such as metadata, provenance and the fields of a log line. */
export function parseObject(text: string | null): Readonly<Record<string, unknown>> | null {
  return text === null ? null : parse(text, objectOrNullSchema, null);
}

/** A column that holds texts, such as tags and warnings. */
export function parseTexts(text: string): readonly string[] {
  return parse(text, textsSchema, []);
}

/** The options of a job. One that is missing, or that this version does not know, has its default. */
function readOptions(text: string): TranscriptionOptions {
  const stored = parseObject(text) ?? {};
  const parsed = transcriptionOptionsSchema.safeParse(stored);
  if (parsed.success) return parsed.data;
  const wrong = new Set(parsed.error.issues.map(({ path }) => path[0]));
  const readable = Object.entries(stored).filter(([name]) => !wrong.has(name));
  return transcriptionOptionsSchema.parse(Object.fromEntries(readable));
}

/** Most jobs have the same few options: lists read them many times over. */
const maxKnownOptions = 100;
const knownOptions = new Map<string, TranscriptionOptions>();

/** As `readOptions`; not to be changed, since other jobs may share it. */
export function parseOptions(text: string): TranscriptionOptions {
  const known = knownOptions.get(text);
  if (known !== undefined) return known;
  if (knownOptions.size >= maxKnownOptions) knownOptions.clear();
  const options = readOptions(text);
  knownOptions.set(text, options);
  return options;
}

const failureSchema = z.object({
  code: z.enum(failureCodes).catch('INTERNAL'),
  message: z.string().catch('The reason cannot be read any more.'),
  hint: z.string().nullable().catch(null),
  retryable: z.boolean().catch(true),
}) satisfies z.ZodType<JobFailure>;

/** Why a job failed. */
export function parseFailure(text: string | null): JobFailure | null {
  return text === null ? null : parse(text, failureSchema, failureSchema.parse({}));
}

const wordsSchema = z.array(
  z.object({
    startSeconds: z.number(),
    endSeconds: z.number(),
    text: z.string(),
    probability: z.number().catch(1),
    speaker: z.string().nullable().catch(null),
  }),
);

const wordsOrNullSchema = wordsSchema.nullable();

/** The words of a segment. */
export function parseWords(text: string | null): readonly Word[] | null {
  return text === null ? null : parse(text, wordsOrNullSchema, null);
}

export const textOrNull = z.string().nullable().catch(null);
export const tracksSchema = z.array(
  z.object({
    index: z.number(),
    title: textOrNull,
    language: textOrNull,
    codec: textOrNull,
    channels: z.number().nullable().catch(null),
    default: z.boolean().catch(false),
    used: z.boolean().catch(false),
  }),
);

const peaksSchema = z.array(z.number()).nullable();

/** How loud a recording is; null where that is not known. */
export function parsePeaks(text: string | null): readonly number[] | null {
  return text === null ? null : parse(text, peaksSchema, null);
}

/** The tracks of sound of a recording; none where they cannot be read. */
export function parseTracks(text: string): readonly AudioTrack[] {
  return parse(text, tracksSchema, []);
}

const segmentSchema = z.object({
  index: z.number(),
  startSeconds: z.number(),
  endSeconds: z.number(),
  text: z.string(),
  language: z.string().nullable().catch(null),
  speaker: z.string().nullable().catch(null),
  avgLogProbability: z.number().nullable().catch(null),
  noSpeechProbability: z.number().nullable().catch(null),
  guard: z.string().nullable().catch(null),
  words: wordsOrNullSchema.catch(null),
  originalText: z.string().optional(),
});

const speakerSchema = z.object({
  id: z.string(),
  key: z.string(),
  name: z.string().nullable(),
  speakingSeconds: z.number(),
});

const progressSchema = z.object({
  stage: z.enum(jobStages).catch('TRANSCRIBING'),
  fraction: z.number(),
  processedSeconds: z.number(),
  etaSeconds: z.number().nullable().catch(null),
  speed: z.number().nullable().catch(null),
});

const factSchema: z.ZodType<JobFact> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('STATUS_CHANGED'),
    status: z.enum(jobStatuses),
    previous: z.enum(jobStatuses).nullable().catch(null),
    attempt: z.number().nullable().catch(null),
  }),
  z.object({ kind: z.literal('PROGRESSED'), progress: progressSchema }),
  z.object({
    kind: z.literal('LANGUAGE_DETECTED'),
    language: z.object({ code: z.string(), probability: z.number() }),
  }),
  z.object({ kind: z.literal('SEGMENTS_ADDED'), segments: z.array(segmentSchema) }),
  z.object({ kind: z.literal('TRANSCRIPT_CLEARED'), attempt: z.number().nullable().catch(null) }),
  z.object({ kind: z.literal('SEGMENTS_CHANGED'), segments: z.array(segmentSchema) }),
  z.object({ kind: z.literal('SPEAKERS_CHANGED'), speakers: z.array(speakerSchema) }),
]);

/** What an event says, from its two columns. Throws where it cannot be told: a gap must not look like an event. */
export function parseFact(kind: JobFact['kind'], data: string): JobFact {
  const said: unknown = JSON.parse(data);
  return factSchema.parse({ ...objectSchema.parse(said), kind });
}
