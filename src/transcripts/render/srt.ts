import { directed } from './direction.ts';
import { clock } from './line.ts';
import { cuesInTurn, linesOf } from './screen.ts';
import type { Transcript } from './transcript.ts';

/** SubRip: a number from 1, the times with a comma, the text, an empty line. Who speak at the same time share a cue, with a dash each. */
export async function* renderSrt(transcript: Transcript): AsyncGenerator<string> {
  let number = 0;
  for await (const cue of cuesInTurn(transcript, { named: transcript.speakers })) {
    number += 1;
    // Players take the arrow as a line of times wherever it stands.
    const text = linesOf(cue)
      .map(directed)
      .join('\n')
      .replaceAll(/-{2,}>/gu, '->');
    yield `${number}\n${time(cue.startMs)} --> ${time(cue.endMs)}\n${text}\n\n`;
  }
}

function time(ms: number): string {
  return `${clock(ms)},${String(ms % 1000).padStart(3, '0')}`;
}
