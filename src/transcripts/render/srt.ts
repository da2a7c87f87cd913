import { cuesOf } from './cues.ts';
import { clock } from './line.ts';
import type { Transcript } from './transcript.ts';

/** SubRip: a number from 1, the times with a comma, the text, an empty line. */
export async function* renderSrt(transcript: Transcript): AsyncGenerator<string> {
  let number = 0;
  for await (const { startMs, endMs, lines } of cuesOf(transcript.segments, {
    ...transcript,
    named: transcript.speakers,
  })) {
    number += 1;
    // Players take the arrow as a line of times wherever it stands.
    yield `${number}\n${time(startMs)} --> ${time(endMs)}\n${lines.join('\n').replaceAll(/-{2,}>/gu, '->')}\n\n`;
  }
}

function time(ms: number): string {
  return `${clock(ms)},${String(ms % 1000).padStart(3, '0')}`;
}
