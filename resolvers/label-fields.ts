import { z } from 'zod';

const maxMetadataCharacters = 16_384;

const metadata = z
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
  metadata: metadata.nullish(),
  priority: z.int().min(-1000).max(1000).nullish(),
};
