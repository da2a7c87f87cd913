import type { Segment, SegmentEdit, Word } from '../../jobs/transcript.ts';
import { alignWords } from './align-words.ts';

/** What of a segment can be changed. Words have the times that are known of them, also where the segment begins later or ends earlier. */
export type Wording = Pick<Segment, 'text' | 'speaker' | 'startSeconds' | 'endSeconds' | 'words'>;

/** How an edit leaves a segment that the engine has `heard` and that is worded so `now`; null = as it was heard. */
export function applyEdit(heard: Wording, now: Wording, edit: SegmentEdit): Wording | null {
  const next = {
    text: edit.text ?? now.text,
    speaker: edit.speaker === undefined ? now.speaker : edit.speaker,
    startSeconds: edit.startSeconds ?? now.startSeconds,
    endSeconds: edit.endSeconds ?? now.endSeconds,
  };
  if (isSame(heard, next)) return null;
  const words = wordsOf(heard, now, next);
  const isHeard = words === heard.words && next.speaker === heard.speaker;
  return { ...next, words: isHeard ? words : (words?.map((word) => ({ ...word, speaker: next.speaker })) ?? null) };
}

type Unworded = Omit<Wording, 'words'>;

function isSame(one: Unworded, other: Unworded): boolean {
  return (
    one.text === other.text &&
    one.speaker === other.speaker &&
    one.startSeconds === other.startSeconds &&
    one.endSeconds === other.endSeconds
  );
}

/** Three times what is said in half a minute, of which the longest segment is. What has more is no speech, and a page of such segments would be too much to read. */
export const mostWords = 500;

function wordsOf(heard: Wording, now: Wording, next: Unworded): readonly Word[] | null {
  if (next.text === heard.text) return heard.words;
  if (next.text === now.text || heard.words === null) return now.words;
  const { text, words } = now.words === null ? heard : now;
  const aligned = alignWords({ text, words: words ?? [] }, next);
  return aligned.length > Math.max(mostWords, heard.words.length) ? null : aligned;
}

/** A segment as somebody has left it: its words lie within it. */
export function editedSegment(heard: Segment, { words, ...wording }: Wording): Segment {
  const { startSeconds, endSeconds, text } = wording;
  const within = (seconds: number) => Math.min(Math.max(seconds, startSeconds), endSeconds);
  return {
    ...heard,
    ...wording,
    words:
      words?.map((word) => ({
        ...word,
        startSeconds: within(word.startSeconds),
        endSeconds: within(word.endSeconds),
      })) ?? null,
    ...(text === heard.text ? {} : { originalText: heard.text }),
  };
}
