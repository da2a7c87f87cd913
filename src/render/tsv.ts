import { oneLine } from './line.ts';
import type { Transcript } from './render.ts';
import { toMs } from './time.ts';

/** The table of openai/whisper's command line: start and end in whole milliseconds, and the text. */
export function renderTsv({ segments }: Transcript): string {
  const rows = segments.map((segment) => [toMs(segment.startSeconds), toMs(segment.endSeconds), oneLine(segment.text)]);
  return [['start', 'end', 'text'], ...rows].map((row) => `${row.join('\t')}\n`).join('');
}
