import { cuesOf } from './cues.ts';
import { clock, nameOf } from './line.ts';
import type { Transcript } from './transcript.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** WebVTT (W3C): its head line, then cues with `&`, `<` and `>` escaped, which also keeps an arrow out of a text; speakers as voice spans. */
export async function* renderVtt(transcript: Transcript): AsyncGenerator<string> {
  yield 'WEBVTT\n\n';
  for await (const { startMs, endMs, lines, speaker } of cuesOf(transcript.segments, transcript)) {
    const text = escape(lines.join('\n'));
    const name = nameOf(speaker, transcript.speakers);
    const said = name === '' ? text : `<v ${escape(name)}>${text}`;
    yield `${time(startMs)} --> ${time(endMs)}\n${said}\n\n`;
  }
}

function escape(text: string): string {
  return text.replaceAll(/[&<>]/gu, (character) => escapes[character] ?? character);
}

function time(ms: number): string {
  return `${clock(ms)}.${String(ms % 1000).padStart(3, '0')}`;
}
