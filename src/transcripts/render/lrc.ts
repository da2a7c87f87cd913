import { separatorBetween, twoDigits } from './line.ts';
import { cuesInTurn, linesOf } from './screen.ts';
import type { Transcript } from './transcript.ts';

/** Lyrics: a line for what is a cue in other formats, its begin as minutes, seconds and hundredths. A line stands until the next, so none is held. */
export async function* renderLrc(transcript: Transcript): AsyncGenerator<string> {
  const manner = { named: transcript.speakers, unitMs: 10 };
  const maxLineWidth = transcript.maxLineWidth * transcript.maxLineCount;
  const lined = { ...transcript, maxLineWidth, maxLineCount: 1 };
  for await (const { startMs, endMs, voices } of cuesInTurn(lined, manner)) {
    const time = `${twoDigits(startMs / 60_000)}:${twoDigits((startMs / 1000) % 60)}.${twoDigits((startMs / 10) % 100)}`;
    const texts = voices.map(({ lines, speaker }) => ({ lines: [asOne(lines)], speaker }));
    yield `[${time}]${plain(linesOf({ startMs, endMs, voices: texts }).join(' / '))}\n`;
  }
}

function asOne(lines: readonly string[]): string {
  return lines.reduce((text, line) => text + separatorBetween(text, line) + line);
}

/** A bracket at the beginning, or before a time, would be read as one of the format's own; a word joiner (U+2060) takes its meaning away. */
function plain(text: string): string {
  return text.replace(/^\[/u, '\u2060[').replaceAll(/[[<](?=\d+:)/gu, '$&\u2060');
}
