import { nameOf, oneLine, spoken, toMs, twoDigits } from './line.ts';
import type { Transcript } from './transcript.ts';

/** Lyrics: one line a segment, its begin as minutes, seconds and hundredths. */
export async function* renderLrc({ segments, speakers }: Transcript): AsyncGenerator<string> {
  for await (const { startSeconds, text, speaker } of segments) {
    if (oneLine(text) === '') continue;
    const ms = toMs(startSeconds);
    const time = `${twoDigits(ms / 60_000)}:${twoDigits((ms / 1000) % 60)}.${twoDigits((ms / 10) % 100)}`;
    yield `[${time}]${plain(spoken(oneLine(text), nameOf(speaker, speakers)))}\n`;
  }
}

/** A bracket at the beginning, or before a time, would be read as one of the format's own; a word joiner (U+2060) takes its meaning away. */
function plain(text: string): string {
  return text.replace(/^\[/u, '\u2060[').replaceAll(/[[<](?=\d+:)/gu, '$&\u2060');
}
