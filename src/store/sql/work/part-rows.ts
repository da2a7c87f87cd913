import type { Kysely, Transaction } from 'kysely';
import { z } from 'zod';
import type { PartBatch, PartPlan } from '../../parts.ts';
import { parseAny, toJson, tracksSchema } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';

const word = z.object({
  startSeconds: z.number(),
  endSeconds: z.number(),
  text: z.string(),
  probability: z.number(),
  speaker: z.string().nullable(),
});

const segments = z
  .array(
    z.object({
      startSeconds: z.number(),
      endSeconds: z.number(),
      text: z.string(),
      language: z.string().nullable(),
      speaker: z.string().nullable(),
      avgLogProbability: z.number().nullable(),
      noSpeechProbability: z.number().nullable(),
      guard: z.string().nullable(),
      words: z.array(word).readonly().nullable(),
    }),
  )
  .readonly();

const voices = z.array(z.object({ clip: z.int(), pieces: z.string() })).readonly();

const whole = z.object({
  media: z.object({
    durationSeconds: z.number().nullable(),
    container: z.string().nullable(),
    codec: z.string().nullable(),
    sampleRate: z.number().nullable(),
    channels: z.number().nullable(),
    warnings: z.array(z.string()).readonly(),
    tracks: tracksSchema.readonly(),
  }),
  peaks: z.array(z.number()).readonly().nullable(),
  readSeconds: z.number(),
  isSilent: z.boolean(),
});

const plan = z.object({
  starts: z.array(z.object({ batch: z.int(), clip: z.int(), sample: z.int() })).readonly(),
  by: z.record(z.string(), z.unknown()),
  whole,
});

/** Batches of a few minutes of sound: some milliseconds. */
const batchesAtOnce = 5;

/** Takes the parts of a job away; whoever has one finds its lease lost. What has come of them goes later, in slices. */
export async function removeParts(tx: Transaction<Tables>, jobId: string): Promise<void> {
  await tx.deleteFrom('part').where('job_id', '=', jobId).execute();
}

/** A plan as it was stored; one that cannot be read is none. */
export function parsePlan(text: string | null): PartPlan | null {
  return plan.safeParse(parseAny(text)).data ?? null;
}

/** The row of what a batch of a part has brought. */
export function batchRow(partId: string, batch: PartBatch) {
  return {
    part_id: partId,
    batch: batch.batch,
    segments: toJson(batch.segments),
    voices: toJson(batch.voices),
    checkpoint: toJson(batch.checkpoint),
  };
}

/** The next batches of a part. Throws where one cannot be read: without it the transcript would have a hole. */
export async function readBatches(db: Kysely<Tables>, id: string, afterBatch: number): Promise<readonly PartBatch[]> {
  const rows = await db
    .selectFrom('part_batch')
    .selectAll()
    .where('part_id', '=', id)
    .where('batch', '>', afterBatch)
    .orderBy('batch')
    .limit(batchesAtOnce)
    .execute();
  return rows.map((row) => ({
    batch: row.batch,
    segments: segments.parse(JSON.parse(row.segments)),
    voices: voices.parse(JSON.parse(row.voices)),
    checkpoint: parseAny(row.checkpoint),
  }));
}
