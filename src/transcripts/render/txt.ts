import type { Segment } from '../../jobs/transcript.ts';
import { nameOf, oneLine, separatorBetween, spoken, withNext } from './line.ts';
import type { Transcript } from './transcript.ts';

/** A pause after which a line ends even within a sentence. */
const longPauseSeconds = 2;

/** Plain text to read: a line for each sentence, longer pause or change of speaker; segments within a sentence are joined. */
export async function* renderTxt({ segments, speakers }: Transcript): AsyncGenerator<string> {
  let before: Segment | null = null;
  for await (const [segment, next] of withNext(withText(segments))) {
    const text = oneLine(segment.text);
    const said = before?.speaker === segment.speaker ? text : spoken(text, nameOf(segment.speaker, speakers));
    yield said + (next === null || endsLine(segment, next) ? '\n' : separatorBetween(segment.text, next.text));
    before = segment;
  }
}

async function* withText(segments: Transcript['segments']): AsyncGenerator<Segment> {
  for await (const segment of segments) if (oneLine(segment.text) !== '') yield segment;
}

function endsLine(segment: Segment, next: Segment): boolean {
  const isSentence = /[.!?\u2026\u3002\uFF01\uFF1F\u061F\u0964]["'\u201D\u2019\u00BB)\u300D]*$/u.test(
    segment.text.trimEnd(),
  );
  return isSentence || next.speaker !== segment.speaker || next.startSeconds - segment.endSeconds > longPauseSeconds;
}
