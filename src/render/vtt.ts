import { oneLine, timestamp, type Transcript } from './render.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** WebVTT (W3C): its head line, then cues with `&`, `<` and `>` escaped, which also keeps an arrow out of a text. */
export function renderVtt({ segments }: Transcript): string {
  const cues = segments.map(({ startSeconds, endSeconds, text }) => {
    const safe = oneLine(text).replaceAll(/[&<>]/gu, (character) => escapes[character] ?? character);
    return `${timestamp(startSeconds, '.')} --> ${timestamp(endSeconds, '.')}\n${safe}\n\n`;
  });
  return `WEBVTT\n\n${cues.join('')}`;
}
