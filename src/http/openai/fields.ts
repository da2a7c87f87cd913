import { z } from 'zod';
import type { TranscribeInput } from '#resolvers/input.ts';
import { explainIssue } from '../../config/explain-issue.ts';
import { type Task, transcriptionModes } from '../../jobs/job.ts';
import type { Upload } from '../../media/upload.ts';
import { wrongField } from './errors.ts';

/** The model of OpenAI's API, for us the mode of the Config. */
export const whisper1 = 'whisper-1';

const formats = ['json', 'text', 'srt', 'verbose_json', 'vtt', 'diarized_json'] as const;
const noSamples = 'Speakers are told apart, and not known by samples of their voices.';

const flag = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', 'false', '1', '0']))
  .transform((value) => value === 'true' || value === '1');

const fieldsSchema = z.object({
  model: z.string().max(100).default(whisper1),
  language: z.string().max(10).toLowerCase().optional(),
  prompt: z.string().optional(),
  keywords: z.array(z.string()).default([]),
  response_format: z.enum(formats).default('json'),
  timestamp_granularities: z.array(z.enum(['segment', 'word'])).default(['segment']),
  // Decoding is always at 0.
  temperature: z.coerce.number<string>().min(0).max(1).optional(),
  stream: flag.default(false),
});

/** The fields of a call, with what is absent filled in. */
export type Fields = Readonly<z.infer<typeof fieldsSchema>>;

const lists = new Set(['keywords', 'timestamp_granularities']);

/** What OpenAI's API has and an answer here would lack without a word. */
const missing = new Map([
  ['include', 'Log probabilities of tokens are not told; verbose_json has those of segments.'],
  ['known_speaker_names', noSamples],
  ['known_speaker_references', noSamples],
  ['languages', 'Name one language, or none to have it detected.'],
]);

/** Reads the fields of a call, whose lists have [] behind their names. An empty one is absent, and one that nobody knows means nothing. Throws OpenaiError. */
export function readFields(given: readonly (readonly [string, string])[]): Fields {
  const named = given
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ key: name.replace(/\[\]$/u, ''), value }));
  const values = Map.groupBy(named, ({ key }) => key);
  for (const [key, why] of missing) if (values.has(key)) throw wrongField(key, `${key} is not supported. ${why}`);
  const fields = [...values].map(([key, all]) => [
    key,
    lists.has(key) ? all.map((each) => each.value) : all.at(-1)?.value,
  ]);
  const parsed = fieldsSchema.safeParse(Object.fromEntries(fields));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const param = String(issue?.path[0] ?? 'body');
    throw wrongField(param, `${param} ${issue ? explainIssue(issue) : 'is not valid'}.`);
  }
  if (parsed.data.stream && parsed.data.response_format !== 'json') {
    throw wrongField('response_format', 'response_format must be json with stream=true.');
  }
  return parsed.data;
}

/** What the mutation `transcribe` would be asked for. */
export function inputOf(
  { model, language, prompt, keywords, timestamp_granularities: granularities, response_format: format }: Fields,
  task: Task,
  upload: Upload,
): TranscribeInput {
  const mode = transcriptionModes.find((each) => each === model);
  return {
    media: { upload },
    task,
    ...(mode === undefined ? {} : { mode }),
    ...(mode === undefined && model !== whisper1 ? { model } : {}),
    ...(language === undefined ? {} : { language }),
    ...(granularities.includes('word') ? { wordTimestamps: true } : {}),
    ...(format === 'diarized_json' ? { diarize: true } : {}),
    initialPrompt: prompt,
    hotwords: keywords.length > 0 ? keywords.join(', ') : undefined,
  };
}
