import { cuesOf } from './cues.ts';
import { oneLine } from './line.ts';
import type { Transcript } from './render.ts';
import { clock } from './time.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** WebVTT (W3C): its head line, then cues with `&`, `<` and `>` escaped, which also keeps an arrow out of a text; speakers as voice spans. */
export function renderVtt(transcript: Transcript): string {
  const cues = cuesOf(transcript.segments, transcript).map(({ startMs, endMs, lines, speaker }) => {
    const text = escape(lines.join('\n'));
    const said = transcript.speakers && speaker !== null ? `<v ${escape(oneLine(speaker))}>${text}` : text;
    return `${time(startMs)} --> ${time(endMs)}\n${said}\n\n`;
  });
  return `WEBVTT\n\n${cues.join('')}`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>]/gu, (character) => escapes[character] ?? character);
}

function time(ms: number): string {
  return `${clock(ms)}.${String(ms % 1000).padStart(3, '0')}`;
}
