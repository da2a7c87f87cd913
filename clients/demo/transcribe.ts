import { z } from 'zod';
import { ask, follow, type Operation } from './client.ts';
import type { Screen } from './screen.ts';

interface Place {
  readonly url: string;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/**
 * Submits a recording, shows every event of the job as it comes, and returns the transcript.
 *
 * @param path relative to a media root of the server
 */
export async function transcribe(path: string, { url, screen, signal }: Place): Promise<string> {
  const { transcribe: answer } = await ask(url, submission(path), signal);
  if (!('job' in answer)) throw new Error([answer.message, answer.hint].join(' '));
  const { id } = answer.job;
  for await (const { jobEvents: event } of follow(url, eventsOf(id), signal)) show(event, screen);
  const { job } = await ask(url, resultOf(id), signal);
  if (job.status === 'COMPLETED') return job.transcript ?? '';
  throw new Error([`the job is ${job.status}.`, job.failure?.message, job.failure?.hint].join(' '));
}

function show(event: JobEvent, screen: Screen): void {
  switch (event.__typename) {
    case 'JobLanguageDetected':
      return screen.line(`Language: ${event.language.code} (probability ${event.language.probability.toFixed(2)})`);
    case 'JobSegmentsAdded':
      for (const { startSeconds, endSeconds, text } of event.segments) {
        screen.line(`[${clock(startSeconds)} - ${clock(endSeconds)}]  ${text.trim()}`);
      }
      return undefined;
    case 'JobProgressed':
      return screen.progress(event.progress.fraction, event.progress.stage.toLowerCase().replaceAll('_', ' '));
    case 'JobStatusChanged':
    case 'JobTranscriptCleared':
    case 'JobSegmentsChanged':
    case 'JobSpeakersChanged':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** 75.5 -> 01:15.5 */
function clock(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, '0')}:${(seconds - minutes * 60).toFixed(1).padStart(4, '0')}`;
}

// With the mode named, the demo does not depend on the settings of the server to come.
const submission = (path: string) =>
  ({
    query: `mutation ($path: String!) {
      transcribe(input: { media: { path: $path }, mode: COMPACT }) {
        ... on TranscribeSuccess { job { id } }
        ... on Error { message hint }
      }
    }`,
    variables: { path },
    data: z.object({
      transcribe: z.union([
        z.object({ job: z.object({ id: z.string() }) }),
        z.object({ message: z.string(), hint: z.string().nullable() }),
      ]),
    }),
  }) satisfies Operation<unknown>;

const jobEvent = z.discriminatedUnion('__typename', [
  z.object({ __typename: z.literal('JobStatusChanged') }),
  z.object({ __typename: z.literal('JobTranscriptCleared') }),
  z.object({ __typename: z.literal('JobSegmentsChanged') }),
  z.object({ __typename: z.literal('JobSpeakersChanged') }),
  z.object({
    __typename: z.literal('JobProgressed'),
    progress: z.object({ fraction: z.number(), stage: z.string() }),
  }),
  z.object({
    __typename: z.literal('JobLanguageDetected'),
    language: z.object({ code: z.string(), probability: z.number() }),
  }),
  z.object({
    __typename: z.literal('JobSegmentsAdded'),
    segments: z.array(z.object({ startSeconds: z.number(), endSeconds: z.number(), text: z.string() })),
  }),
]);
type JobEvent = z.infer<typeof jobEvent>;

const eventsOf = (id: string) =>
  ({
    query: `subscription ($id: ID!) {
      jobEvents(id: $id) {
        __typename
        ... on JobProgressed { progress { fraction stage } }
        ... on JobLanguageDetected { language { code probability } }
        ... on JobSegmentsAdded { segments { startSeconds endSeconds text } }
      }
    }`,
    variables: { id },
    data: z.object({ jobEvents: jobEvent }),
  }) satisfies Operation<unknown>;

const resultOf = (id: string) =>
  ({
    query: 'query ($id: ID!) { job(id: $id) { status transcript failure { message hint } } }',
    variables: { id },
    data: z.object({
      job: z.object({
        status: z.string(),
        transcript: z.string().nullable(),
        failure: z.object({ message: z.string(), hint: z.string().nullable() }).nullable(),
      }),
    }),
  }) satisfies Operation<unknown>;
