import { deflateSync } from 'node:zlib';
import { renderTranscript, segmentsOf } from '#resolvers/transcript.ts';
import type { RequestContext } from '#resolvers/context.ts';
import type { Job, JobEvent } from '../../jobs/job.ts';
import { languageCodes, languageName } from '../../jobs/languages.ts';
import type { Segment, Word } from '../../jobs/transcript.ts';
import { openJoining } from '../../transcripts/render/line.ts';
import { inPieces } from '../../transcripts/render/render.ts';
import type { Fields } from './fields.ts';

type Reading = Pick<RequestContext, 'store' | 'signal'>;

/** What a call is answered with. */
interface Answer {
  readonly type: string;
  readonly pieces: AsyncIterable<string>;
}

/** The transcript of a job that is COMPLETED as it was asked for, piece by piece. */
export function answerOf(job: Job, fields: Fields, context: Reading): Answer {
  const json = 'application/json; charset=utf-8';
  // As OpenAI answers with all that is no JSON.
  const plain = 'text/plain; charset=utf-8';
  switch (fields.response_format) {
    case 'json':
      return { type: json, pieces: inPieces(jsonOf(job, context)) };
    case 'verbose_json':
      return { type: json, pieces: inPieces(verboseOf(job, fields, context)) };
    case 'diarized_json':
      return { type: json, pieces: inPieces(diarizedOf(job, context)) };
    case 'text':
      return { type: plain, pieces: inPieces(lineOf(job, context)) };
    case 'srt':
      return { type: plain, pieces: subtitles(job, 'SRT', context) };
    case 'vtt':
      return { type: plain, pieces: subtitles(job, 'VTT', context) };
    default:
      return fields.response_format satisfies never;
  }
}

/** The whole text of a job on one line. */
export async function* textOf(job: Job, { store, signal }: Reading): AsyncGenerator<string> {
  const joined = openJoining();
  for await (const { text } of segmentsOf(job, store, signal)) yield joined(text);
}

/** Texts of segments as they are found. What was told cannot be taken back: where a job starts over, only what comes after it is told. */
export async function* textsOf(events: AsyncIterable<JobEvent>): AsyncGenerator<string> {
  let [toldUntil, tellFrom] = [0, 0];
  for await (const event of events) {
    if (event.kind === 'TRANSCRIPT_CLEARED') tellFrom = toldUntil;
    if (event.kind !== 'SEGMENTS_ADDED') continue;
    for (const { text, endSeconds } of event.segments) {
      if (endSeconds <= tellFrom) continue;
      yield text;
      toldUntil = Math.max(toldUntil, endSeconds);
    }
  }
}

/** What a call is counted by. */
export function usageOf(job: Job): object {
  return { type: 'duration', seconds: durationOf(job) };
}

function durationOf({ media, progress }: Job): number {
  return media.durationSeconds ?? progress.processedSeconds;
}

function subtitles(job: Job, format: 'SRT' | 'VTT', context: Reading): AsyncIterable<string> {
  const pieces = renderTranscript(job, { format }, context);
  if (pieces === null) throw new Error('A job that is COMPLETED has a transcript.');
  return pieces;
}

async function* lineOf(job: Job, context: Reading): AsyncGenerator<string> {
  yield* textOf(job, context);
  yield '\n';
}

async function* jsonOf(job: Job, context: Reading): AsyncGenerator<string> {
  yield '{';
  yield* textField(job, context);
  yield `,"usage":${JSON.stringify(usageOf(job))}}\n`;
}

/** Of both lists those that were asked for. They are read one after the other, so that a long transcript is never in memory as a whole. */
async function* verboseOf(
  job: Job,
  { timestamp_granularities: lists }: Fields,
  context: Reading,
): AsyncGenerator<string> {
  const { options, language } = job;
  const spoken = languageCodes.find((code) => code === (options.task === 'TRANSLATE' ? 'en' : language?.code));
  const head = {
    task: options.task === 'TRANSLATE' ? 'translate' : 'transcribe',
    language: spoken === undefined ? null : languageName(spoken).toLowerCase(),
    duration: durationOf(job),
  };
  yield `${JSON.stringify(head).slice(0, -1)},`;
  yield* textField(job, context);
  if (lists.includes('segment')) yield* listField('segments', job, { context, itemsOf: (each) => [segmentOf(each)] });
  if (lists.includes('word'))
    yield* listField('words', job, { context, itemsOf: ({ words }) => (words ?? []).map(wordOf) });
  yield `,"usage":${JSON.stringify(usageOf(job))}}\n`;
}

/** Who says what. */
async function* diarizedOf(job: Job, context: Reading): AsyncGenerator<string> {
  yield `${JSON.stringify({ task: 'transcribe', duration: durationOf(job) }).slice(0, -1)},`;
  yield* textField(job, context);
  yield* listField('segments', job, { context, itemsOf: (each) => [turnOf(each)] });
  yield `,"usage":${JSON.stringify(usageOf(job))}}\n`;
}

async function* textField(job: Job, context: Reading): AsyncGenerator<string> {
  yield '"text":"';
  for await (const text of textOf(job, context)) yield JSON.stringify(text).slice(1, -1);
  yield '"';
}

async function* listField(
  name: string,
  job: Job,
  { context, itemsOf }: { readonly context: Reading; readonly itemsOf: (segment: Segment) => readonly object[] },
): AsyncGenerator<string> {
  let before = `,"${name}":[`;
  for await (const segment of segmentsOf(job, context.store, context.signal)) {
    for (const item of itemsOf(segment)) {
      yield `${before}${JSON.stringify(item)}`;
      before = ',';
    }
  }
  yield before === ',' ? ']' : `${before}]`;
}

/** What Whisper's decoder alone knows of its window is what can be told of the segment: `seek` in hundredths of a second, the ratio of its own text, no tokens. */
function segmentOf(segment: Segment): object {
  return {
    id: segment.index,
    seek: Math.round(segment.startSeconds * 100),
    start: segment.startSeconds,
    end: segment.endSeconds,
    text: segment.text,
    tokens: [],
    temperature: 0,
    avg_logprob: segment.avgLogProbability,
    compression_ratio: compressionRatio(segment.text),
    no_speech_prob: segment.noSpeechProbability,
  };
}

function turnOf({ index, startSeconds, endSeconds, text, speaker }: Segment): object {
  const type = 'transcript.text.segment';
  return { type, id: `seg_${index}`, start: startSeconds, end: endSeconds, text, speaker: letterOf(speaker) };
}

/** Speakers are A, B, C ... there; nobody is told apart beyond the 20th. */
function letterOf(speaker: string | null): string {
  return speaker === null ? 'unknown' : String.fromCodePoint(64 + Number(speaker));
}

/** Bytes of a text for one of it compressed (compression_ratio of openai/whisper, utils.py). */
function compressionRatio(text: string): number {
  const bytes = Buffer.from(text);
  return bytes.length / deflateSync(bytes).length;
}

function wordOf({ text, startSeconds, endSeconds }: Word): object {
  return { word: text.trim(), start: startSeconds, end: endSeconds };
}
