import { cuesOf } from './cues.ts';
import { spoken } from './line.ts';
import type { Transcript } from './render.ts';
import { clock } from './time.ts';

/** SubRip: a number from 1, the times with a comma, the text, an empty line. */
export function renderSrt(transcript: Transcript): string {
  return cuesOf(transcript.segments, transcript)
    .map(({ startMs, endMs, lines, speaker }, index) => {
      // Players take the arrow as a line of times wherever it stands.
      const text = spoken(lines.join('\n'), speaker, transcript.speakers).replaceAll('-->', '->');
      return `${index + 1}\n${time(startMs)} --> ${time(endMs)}\n${text}\n\n`;
    })
    .join('');
}

function time(ms: number): string {
  return `${clock(ms)},${String(ms % 1000).padStart(3, '0')}`;
}
