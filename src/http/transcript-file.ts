import { Readable } from 'node:stream';
import { etag } from 'etag';
import { z } from 'zod';
import { renderTranscript, titleOf, type TranscriptArguments } from '#resolvers/transcript.ts';
import { explainIssue } from '../config/explain-issue.ts';
import { RequestError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import { type TranscriptFormat, transcriptFormats } from '../jobs/transcript.ts';
import { disposition, type FileRequest, isKnown, streamBody } from './file-response.ts';

const types: Readonly<Record<TranscriptFormat, string>> = {
  TXT: 'text/plain',
  SRT: 'application/x-subrip',
  VTT: 'text/vtt',
  TSV: 'text/tab-separated-values',
  JSON: 'application/json',
  ASS: 'text/x-ssa',
  LRC: 'application/x-lrc',
  CSV: 'text/csv',
  HTML: 'text/html',
};

interface Wanted {
  readonly suffix: string | undefined;
  readonly query: string;
}

/** Answers with the transcript of a job in the format that its suffix names. */
export async function answerTranscript(
  { request, response, context }: FileRequest,
  job: Job,
  { suffix, query }: Wanted,
): Promise<void> {
  const format = transcriptFormats.find((each) => each.toLowerCase() === suffix);
  if (format === undefined) {
    const known = transcriptFormats.map((each) => `transcript.${each.toLowerCase()}`).join(', ');
    throw new RequestError('NOT_FOUND', `There is no such format. A job has ${known}.`);
  }
  const args = { ...readOptions(query), format };
  const pieces = renderTranscript(job, args, context);
  if (pieces === null) throw new RequestError('NOT_FOUND', 'The job has no transcript yet.');
  // The text is made of the job's segments alone, and none comes or goes without an event.
  const state = [context.health.version, job.id, job.lastEventSeq, args];
  response.setHeader('etag', etag(JSON.stringify(state)));
  response.setHeader('cache-control', 'private, no-cache');
  if (isKnown(request, response)) {
    response.writeHead(304).end();
    return;
  }
  response.setHeader('content-type', `${types[format]}; charset=utf-8`);
  response.setHeader('content-disposition', disposition(titleOf(job), 'attachment', endingOf(job, format)));
  if (format === 'HTML') response.setHeader('content-security-policy', pagePolicy);
  await (request.method === 'HEAD' ? response.end() : streamBody(Readable.from(pieces), response));
}

/** For a page that was opened here all the same: it has a style, and nothing to load or to run. */
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** Formats that players look for beside a recording, by the name of the language. */
const ofPlayers: ReadonlySet<TranscriptFormat> = new Set(['SRT', 'VTT', 'ASS', 'LRC']);
/** Javanese, which Whisper calls jw. */
const tags: Readonly<Record<string, string>> = { jw: 'jv' };

function endingOf({ language, options }: Job, format: TranscriptFormat): string {
  const code = options.task === 'TRANSLATE' ? 'en' : language?.code;
  const own = code === undefined || !ofPlayers.has(format) ? '' : `.${tags[code] ?? code}`;
  return `${own}.${format.toLowerCase()}`;
}

const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/u, 'must be a whole number')
  .transform(Number);

const number = z
  .string()
  .regex(/^\d{1,9}(?:\.\d{1,9})?$/u, 'must be a number')
  .transform(Number);

const optionsSchema = z.strictObject({
  maxLineWidth: wholeNumber.optional(),
  maxLineCount: wholeNumber.optional(),
  maxCharactersPerSecond: number.optional(),
  minCueSeconds: number.optional(),
  maxCueSeconds: number.optional(),
  speakers: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
});

const known = Object.keys(optionsSchema.shape);

/** The options of a transcript in the query of a URL; throws BAD_USER_INPUT. */
function readOptions(query: string): TranscriptArguments {
  const given = new URLSearchParams(query);
  const names = [...given.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RequestError('BAD_USER_INPUT', `${twice} is there twice.`);
  const parsed = optionsSchema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  throw new RequestError('BAD_USER_INPUT', parsed.error.issues.map(describe).join(' '));
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return `${issue.path.join('.')} ${explainIssue(issue)}.`;
  return `There is no option ${issue.keys.join(', ')}; there are ${known.join(', ')}.`;
}
