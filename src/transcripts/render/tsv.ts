import { oneLine, toMs } from './line.ts';
import type { Transcript } from './transcript.ts';

/** The table of openai/whisper's command line: start and end in whole milliseconds, and the text. */
export async function* renderTsv({ segments }: Transcript): AsyncGenerator<string> {
  yield 'start\tend\ttext\n';
  for await (const { startSeconds, endSeconds, text } of segments) {
    yield `${toMs(startSeconds)}\t${toMs(endSeconds)}\t${oneLine(text)}\n`;
  }
}
