import type { Segment, TranscriptFormat } from '../transcript.ts';
import { renderJson } from './json.ts';
import { renderSrt } from './srt.ts';
import { renderTxt } from './txt.ts';
import { renderVtt } from './vtt.ts';

/** A transcript on its way into a format. */
export interface Transcript {
  readonly segments: readonly Segment[];
  /** Code of the language; null while it is not known. */
  readonly language: string | null;
}

/** Writes a transcript in a format; text ends with a line feed unless there are no segments. */
export function render(format: TranscriptFormat, transcript: Transcript): string {
  switch (format) {
    case 'TXT':
      return renderTxt(transcript);
    case 'SRT':
      return renderSrt(transcript);
    case 'VTT':
      return renderVtt(transcript);
    case 'JSON':
      return renderJson(transcript);
    default:
      return format satisfies never;
  }
}

/** Text on one line, so that it cannot end a cue or a line of a format early. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim();
}

/** HH:MM:SS and milliseconds after `separator`; hours grow beyond two digits. */
export function timestamp(seconds: number, separator: ',' | '.'): string {
  const ms = Math.max(0, Math.round(seconds * 1000));
  const clock = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60];
  return `${clock.map(twoDigits).join(':')}${separator}${String(ms % 1000).padStart(3, '0')}`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
