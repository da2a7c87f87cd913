import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { PartPlan, PartRange, PartStart } from '#src/store/parts.ts';
import type { Checkpoint } from '../engine-request.ts';

/** Samples a second of what engines read. */
const rate = 16_000;
/**
 * A part of 10 minutes is some 8 batches: of a part that is given to another, or of an engine that is ended where a part begins, little work is lost, and
 * starting an engine costs it less than 1 %.
 */
const longestPartSeconds = 600;
/** Of the shortest recording that is split. */
const fewestParts = 3;

type Provenance = Readonly<Record<string, unknown>>;

/** How much sound a part has, where recordings longer than so many minutes are split. */
export function partSeconds(splitMinutes: number): number {
  return Math.min(longestPartSeconds, (splitMinutes * 60) / fewestParts);
}

/** The places, of all at which a part may begin, at which parts of at least so many seconds begin. */
export function startsOf(places: readonly PartStart[], seconds: number): readonly PartStart[] {
  const starts: PartStart[] = [];
  let last = places[0]?.sample ?? 0;
  for (const place of places) {
    if (place.sample - last < seconds * rate) continue;
    starts.push(place);
    last = place.sample;
  }
  return starts;
}

/** The parts that begin behind a batch, which go to the end of the recording. */
export function rangesAfter({ starts }: Pick<PartPlan, 'starts'>, batch: number): readonly PartRange[] {
  const ahead = starts.filter((start) => start.batch > batch);
  return ahead.map((start, at) => ({ ...start, to: ahead[at + 1]?.clip ?? null }));
}

/** Whether both engines write the same text: `threads` do not change it. */
export function isSameEngine(one: Provenance | null, other: Provenance | null): boolean {
  return one !== null && other !== null && isDeepStrictEqual(textOf(one), textOf(other));
}

/** Whether a plan was made as this engine cuts. */
export function isPlannedBy({ by }: Pick<PartPlan, 'by'>, engine: Provenance | null): boolean {
  return engine !== null && Object.entries(by).every(([name, value]) => isDeepStrictEqual(engine[name], value));
}

function textOf({ threads: _threads, ...rest }: Provenance): Provenance {
  return rest;
}

const count = z.int().min(0);

/** What of an engine's checkpoint is known here: see "Parts" in runner/engine/PROTOCOL.md. */
const resumeSchema = z.looseObject({
  batch: count,
  clip: count,
  sample: count,
  segments: count,
  voices: count.nullable(),
  other_language_ms: z.record(z.string(), count),
});

/** Whether a checkpoint ends exactly where a part begins. */
export function isAt(checkpoint: Checkpoint, { batch, clip, sample }: PartStart): boolean {
  const resume = resumeSchema.safeParse(checkpoint.resume).data;
  return resume !== undefined && resume.batch === batch && resume.clip === clip && resume.sample === sample;
}

/** The clip before which a checkpoint ends; null where it cannot be read. */
export function clipOf(checkpoint: Checkpoint): number | null {
  return resumeSchema.safeParse(checkpoint.resume).data?.clip ?? null;
}

/** The checkpoint of the whole after a batch of a part, from the one before it. Throws where one of both is not as agreed. */
export function joined(whole: Checkpoint, part: Checkpoint): Checkpoint {
  const [before, after] = [resumeSchema.parse(whole.resume), resumeSchema.parse(part.resume)];
  const { batch, clip, sample } = after;
  const codes = Object.keys({ ...before.other_language_ms, ...after.other_language_ms });
  const ms = codes.map((code) => [code, (before.other_language_ms[code] ?? 0) + (after.other_language_ms[code] ?? 0)]);
  return {
    batch: part.batch,
    resume: {
      ...whole.resume,
      batch,
      clip,
      sample,
      segments: before.segments + after.segments,
      voices: before.voices === null || after.voices === null ? null : before.voices + after.voices,
      other_language_ms: Object.fromEntries(ms),
    },
  };
}

/** Seconds of the recording before a part. */
export function startSecondsOf({ sample }: PartStart): number {
  return sample / rate;
}

/** Bytes that the samples of so many seconds take, of one channel: frames of 512 samples, 8 bytes more each (runner/engine/audio/pcm.py). */
export function bytesOfSamples(seconds: number): number {
  return Math.ceil((seconds * rate) / 512) * (512 * 2 + 8);
}
