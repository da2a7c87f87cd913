import type { Segment } from '../transcript.ts';
import { oneLine, spoken } from './line.ts';
import type { Transcript } from './render.ts';

/** A pause after which a line ends even within a sentence. */
const longPauseSeconds = 2;

/** Plain text to read: a line for each sentence, longer pause or change of speaker; segments within a sentence are joined. */
export function renderTxt({ segments, speakers }: Transcript): string {
  return segments
    .map((segment, index) => {
      const [before, next] = [segments[index - 1], segments[index + 1]];
      const text = oneLine(segment.text);
      const said = before?.speaker === segment.speaker ? text : spoken(text, segment.speaker, speakers);
      return said + (next === undefined || endsLine(segment, next) ? '\n' : joint(segment, next));
    })
    .join('');
}

function endsLine(segment: Segment, next: Segment): boolean {
  const isSentence = /[.!?\u2026\u3002\uFF01\uFF1F\u061F\u0964]["'\u201D\u2019\u00BB)\u300D]*$/u.test(
    segment.text.trimEnd(),
  );
  return isSentence || next.speaker !== segment.speaker || next.startSeconds - segment.endSeconds > longPauseSeconds;
}

/** Scripts that write no spaces between words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\u3001\u3002]/u;

function joint(segment: Segment, next: Segment): string {
  const [last = '', first = ''] = [segment.text.trimEnd().at(-1), next.text.trimStart().at(0)];
  return unspaced.test(last) && unspaced.test(first) ? '' : ' ';
}
