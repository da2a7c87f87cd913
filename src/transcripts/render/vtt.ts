import { begun } from './direction.ts';
import { clock, nameOf } from './line.ts';
import { cuesOverEachOther } from './screen.ts';
import type { Transcript } from './transcript.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** WebVTT (W3C): its head line, then cues with `&`, `<` and `>` escaped, which also keeps an arrow out of a text; speakers as voice spans. */
export async function* renderVtt(transcript: Transcript): AsyncGenerator<string> {
  yield 'WEBVTT\n\n';
  for await (const { startMs, endMs, voices } of cuesOverEachOther(transcript)) {
    const said = voices.map(({ lines, speaker }) => {
      const text = escape(lines.map(begun).join('\n'));
      const name = nameOf(speaker, transcript.speakers);
      return name === '' ? text : `<v ${escape(name)}>${text}`;
    });
    yield `${time(startMs)} --> ${time(endMs)}\n${said.join('\n')}\n\n`;
  }
}

function escape(text: string): string {
  return text.replaceAll(/[&<>]/gu, (character) => escapes[character] ?? character);
}

function time(ms: number): string {
  return `${clock(ms)}.${String(ms % 1000).padStart(3, '0')}`;
}
