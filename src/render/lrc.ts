import { oneLine, spoken } from './line.ts';
import type { Transcript } from './render.ts';
import { toMs, twoDigits } from './time.ts';

/** Lyrics: one line a segment, its begin as minutes, seconds and hundredths. */
export function renderLrc({ segments, speakers }: Transcript): string {
  return segments
    .map(({ startSeconds, text, speaker }) => {
      const ms = toMs(startSeconds);
      const time = `${twoDigits(ms / 60_000)}:${twoDigits((ms / 1000) % 60)}.${twoDigits((ms / 10) % 100)}`;
      return `[${time}]${spoken(oneLine(text), speaker, speakers)}\n`;
    })
    .join('');
}
