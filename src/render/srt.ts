import { oneLine, timestamp, type Transcript } from './render.ts';

/** SubRip: a number from 1, the times with a comma, the text, an empty line. */
export function renderSrt({ segments }: Transcript): string {
  return segments
    .map(({ startSeconds, endSeconds, text }, index) => {
      // Players take the arrow as a line of times wherever it stands.
      const safe = oneLine(text).replaceAll('-->', '->');
      return `${index + 1}\n${timestamp(startSeconds, ',')} --> ${timestamp(endSeconds, ',')}\n${safe}\n\n`;
    })
    .join('');
}
