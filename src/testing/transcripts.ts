import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Segment, TranscriptFormat } from '#src/jobs/transcript.ts';
import { guidelines } from '#src/transcripts/render/guidelines.ts';
import { render } from '#src/transcripts/render/render.ts';
import type { Transcript } from '#src/transcripts/render/transcript.ts';

/** Where the stored segments lie that are hard to write, and what becomes of them in each format. */
export const goldenFolder = join(import.meta.dirname, '../transcripts/render/golden');

/** Segments whose texts mean something in one format or another, in many scripts. */
export const trickySegments: readonly Segment[] = JSON.parse(readFileSync(join(goldenFolder, 'segments.json'), 'utf8'));

/** A segment that says `text`, and of which nothing else is known. */
export function segment(text: string, startSeconds = 0, endSeconds = 1.5): Segment {
  const unknown = { language: null, speaker: null, avgLogProbability: null, noSpeechProbability: null };
  return { index: 0, startSeconds, endSeconds, text, ...unknown, guard: null, words: null };
}

/** Segments on their way into a format, in English and by the usual guidelines but for `changes`. */
export function transcript(segments: readonly Segment[], changes: Partial<Transcript> = {}): Transcript {
  return { segments, title: 'A talk', language: 'en', speakers: false, ...guidelines, ...changes };
}

/** A transcript in a format as one text. */
export async function rendered(format: TranscriptFormat, written: Transcript): Promise<string> {
  return (await Array.fromAsync(render(format, written))).join('');
}
