import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { failureCodes } from '#src/jobs/job.ts';

/** What an engine said breaks runner/engine/PROTOCOL.md. */
export class EngineProtocolError extends Error {
  override readonly name = 'EngineProtocolError';
}

/** Line breaks become spaces, other control characters go; half a surrogate pair would not survive the database. */
const clean = (text: string): string =>
  text
    .replaceAll(/[\t\n\r]+/gu, ' ')
    .replaceAll(/\p{Cc}/gu, '')
    .toWellFormed();

/** Long enough for any recording (115 days), small enough for milliseconds to stay exact. */
const seconds = z.number().min(0).max(10_000_000);
/** Sums of floats end a hair outside. */
const unit = z
  .number()
  .min(-0.001)
  .max(1.001)
  .transform((value) => Math.min(1, Math.max(0, value)));
const count = z.int().min(0).max(1_000_000_000);
const name = z.string().max(200).transform(clean);
const sentence = z.string().max(2000).transform(clean);
const words = z.string().max(20_000).transform(clean);
const code = z.string().regex(/^[a-z]{2,8}$/u);
const orNull = <T extends z.ZodType>(schema: T) => schema.nullable().default(null);

const inOrder = (span: { readonly startSeconds: number; readonly endSeconds: number }): boolean =>
  span.endSeconds >= span.startSeconds;

const word = z
  .object({ startSeconds: seconds, endSeconds: seconds, text: words, probability: unit })
  .refine(inOrder, 'a word ends before it starts');

const segmentFields = {
  startSeconds: seconds,
  endSeconds: seconds,
  text: words,
  language: orNull(code),
  speaker: orNull(name),
  avgLogProbability: orNull(z.number().min(-10_000).max(10)),
  noSpeechProbability: orNull(unit),
  guard: orNull(name),
  words: orNull(z.array(word).max(10_000).readonly()),
};

const error = z.object({
  type: z.literal('error'),
  // A newer engine may know more reasons than this server.
  code: z.enum(failureCodes).catch('INTERNAL'),
  message: sentence,
  retryable: z.boolean(),
  hint: sentence.nullable().default(null),
});

const schemas = {
  ready: z.object({ type: z.literal('ready'), loadSeconds: orNull(seconds) }),
  hello: z.object({
    type: z.literal('hello'),
    protocol: z.literal(1),
    engine: name,
    versions: z.record(z.string().max(100), name),
    model: z.object({ id: name, sha256: orNull(name) }),
    device: name,
    computeType: name,
    threads: count,
    cpu: orNull(name),
    card: orNull(name),
    resumed: z.boolean(),
  }),
  stage: z.object({
    type: z.literal('stage'),
    stage: z.enum(['DECODING', 'DETECTING_LANGUAGE', 'TRANSCRIBING', 'DIARIZING', 'FINISHING']),
  }),
  media: z.object({
    type: z.literal('media'),
    durationSeconds: orNull(seconds),
    final: z.boolean(),
    container: orNull(name),
    codec: orNull(name),
    sampleRate: orNull(count),
    channels: orNull(count),
    warnings: z.array(sentence).max(100).readonly().default([]),
    tracks: z
      .array(
        z.object({
          index: count,
          title: orNull(name),
          language: orNull(name),
          codec: orNull(name),
          channels: orNull(count),
          default: z.boolean(),
          used: z.boolean(),
        }),
      )
      .max(1000)
      .readonly()
      .default([]),
  }),
  peaks: z.object({ type: z.literal('peaks'), values: z.array(unit).max(4000).readonly() }),
  language: z.object({ type: z.literal('language'), code, probability: unit }),
  segment: z
    .object({ type: z.literal('segment'), batch: count, ...segmentFields })
    .refine(inOrder, 'a segment ends before it starts'),
  voices: z.object({ type: z.literal('voices'), batch: count, clip: count, pieces: z.string().max(524_288) }),
  checkpoint: z.object({
    type: z.literal('checkpoint'),
    batch: count,
    processedSeconds: seconds,
    resume: z.record(z.string(), z.unknown()),
  }),
  progress: z.object({
    type: z.literal('progress'),
    processedSeconds: seconds,
    fraction: unit,
    speed: orNull(z.number().min(0).max(1_000_000)),
    etaSeconds: orNull(z.number().min(0).max(1_000_000_000)),
  }),
  heartbeat: z.object({ type: z.literal('heartbeat') }),
  end: z.object({
    type: z.literal('end'),
    segments: count,
    voices: orNull(count),
    durationSeconds: seconds,
    peakMemoryBytes: orNull(z.int().min(0)),
    warnings: z.array(sentence).max(100).readonly().default([]),
  }),
  error,
};

type LineType = keyof typeof schemas;

/** One line of an engine, checked: see runner/engine/PROTOCOL.md. */
export type EngineLine = { [T in LineType]: z.infer<(typeof schemas)[T]> }[LineType];
/** The line of one type. */
export type LineOf<T extends LineType> = Extract<EngineLine, { type: T }>;

const cutSchemas = {
  segment: z
    .object({ type: z.literal('segment'), partOf: count, ...segmentFields })
    .refine(inOrder, 'a segment ends before it starts'),
  end: z.object({ type: z.literal('end'), segments: count, speakers: count, peakMemoryBytes: orNull(z.int().min(0)) }),
  error,
};

/** A line of an engine that tells speakers apart. */
export type CutLine = { [T in keyof typeof cutSchemas]: z.infer<(typeof cutSchemas)[T]> }[keyof typeof cutSchemas];

const planSchemas = {
  plan: z.object({
    type: z.literal('plan'),
    engine: name,
    versions: z.record(z.string().max(100), name),
    cpu: orNull(name),
  }),
  batch: z.object({ type: z.literal('batch'), batch: count, clip: count, sample: z.int().min(0) }),
  media: schemas.media,
  peaks: schemas.peaks,
  end: schemas.end.extend({ silent: z.boolean().default(false) }),
  error,
};

/** A line of an engine that plans the parts of a recording. */
export type PlanLine = { [T in keyof typeof planSchemas]: z.infer<(typeof planSchemas)[T]> }[keyof typeof planSchemas];

const envelope = z.object({ type: z.string() });

/** Reads a line of an engine; null for a type that this server does not know. Throws EngineProtocolError. */
export function parseLine(text: string): EngineLine | null {
  return parseBy<EngineLine>(schemas, text);
}

/** As `parseLine`, of an engine that tells speakers apart. */
export function parseCutLine(text: string): CutLine | null {
  return parseBy<CutLine>(cutSchemas, text);
}

/** As `parseLine`, of an engine that plans. */
export function parsePlanLine(text: string): PlanLine | null {
  return parseBy<PlanLine>(planSchemas, text);
}

function parseBy<Line>(known: Readonly<Record<string, z.ZodType<Line>>>, text: string): Line | null {
  const value = parseJson(text);
  const head = envelope.safeParse(value);
  if (!head.success) throw new EngineProtocolError('a line is no object with a type');
  const schema = Object.hasOwn(known, head.data.type) ? known[head.data.type] : undefined;
  if (schema === undefined) return null;
  const line = schema.safeParse(value);
  if (line.success) return line.data;
  const issue = line.error.issues[0];
  throw new EngineProtocolError(
    `a ${head.data.type} line is not as agreed: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? ''}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineProtocolError('a line is not JSON', { cause });
  }
}

/** Longest line of an engine, in bytes (PROTOCOL.md). */
const maxLineBytes = 1024 * 1024;

/**
 * The lines of a byte stream, without their ends, as many at a time as a chunk brings: a promise for each would cost more than the line. A torn
 * last line is left out: its writer died in the middle of it.
 *
 * Never holds more than one line and one chunk, and lets the event loop turn after each chunk, however fast they come. Throws
 * EngineProtocolError at a line that is longer than `limit` bytes.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  limit = maxLineBytes,
): AsyncGenerator<readonly string[]> {
  let torn: Buffer[] = [];
  let tornBytes = 0;
  for await (const chunk of chunks) {
    const lines: string[] = [];
    let from = 0;
    for (let to = chunk.indexOf(10); to !== -1; to = chunk.indexOf(10, from)) {
      const part = chunk.subarray(from, to);
      refuseAbove(limit, tornBytes + part.length);
      lines.push((torn.length === 0 ? part : Buffer.concat([...torn, part])).toString('utf8'));
      torn = [];
      tornBytes = 0;
      from = to + 1;
    }
    torn.push(chunk.subarray(from));
    tornBytes += chunk.length - from;
    refuseAbove(limit, tornBytes);
    if (lines.length > 0) yield lines;
    await nextTurn();
  }
}

function refuseAbove(limit: number, bytes: number): void {
  if (bytes > limit) throw new EngineProtocolError(`a line is longer than ${limit} bytes`);
}
