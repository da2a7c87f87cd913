import { memo, type MouseEvent } from 'react';
import { clock } from '../format.ts';
import { t } from '../messages/messages.ts';
import type { Match } from './finding.ts';
import type { Segment, Speaker } from './live-transcript.ts';
import type { Player } from './player.ts';
import { SpeakerLabel } from './speaker-label.tsx';

interface RowProps {
  readonly jobId: string;
  readonly segment: Segment;
  /** Who speaks, where it is somebody else than before. */
  readonly newSpeaker: Speaker | null;
  readonly speakers: readonly Speaker[];
  /** The word that is being said, -1 where it is none of them; null where another segment is being said. */
  readonly saidWord: number | null;
  readonly matches: readonly Match[];
  readonly shownMatch: Match | null;
  readonly player: Player;
  /** Begins to correct the segment; null where that is not possible. */
  readonly onEdit: ((index: number) => void) | null;
}

/** A word that the engine gives less is marked, for whoever corrects. */
const unsureBelow = 0.5;

/** A line of the transcript: its time, who speaks, its words. */
export const SegmentRow = memo(function SegmentRow(row: RowProps) {
  const { jobId, segment, newSpeaker, saidWord, player, onEdit } = row;
  const { index, startSeconds, originalText, language } = segment;
  const time = clock(startSeconds);
  return (
    <div className={saidWord === null ? 'segment' : 'segment said'}>
      <button
        type="button"
        className="time"
        aria-label={t.playFrom(time)}
        onClick={() => player.playFrom(startSeconds)}
      >
        {time}
      </button>
      <div>
        {newSpeaker && (
          <SpeakerLabel jobId={jobId} speaker={newSpeaker} speakers={row.speakers} mayMerge={onEdit !== null} />
        )}
        <p
          lang={language ?? undefined}
          className={originalText === null ? undefined : 'edited'}
          title={originalText === null ? undefined : t.heard(originalText)}
          onClick={(event) => playWord(event, segment, player)}
          onDoubleClick={() => onEdit?.(index)}
        >
          {row.matches.length > 0 || segment.words === null ? (
            <Found {...row} />
          ) : (
            <Words segment={segment} saidWord={saidWord} />
          )}
        </p>
      </div>
      {onEdit && (
        <button
          type="button"
          className="icon edit"
          aria-label={`${t.edit}, ${time}`}
          title={t.edit}
          onClick={() => onEdit(index)}
        >
          ✎
        </button>
      )}
    </div>
  );
});

function Words({ segment, saidWord }: Pick<RowProps, 'segment' | 'saidWord'>) {
  return placed(segment).map(({ gap, word, isUnsure }, at) => {
    const classes = [isUnsure && 'unsure', saidWord === at && 'word-said'].filter((name) => name !== false);
    return (
      // oxlint-disable-next-line react/no-array-index-key -- the words of a segment come and go together
      <span key={at}>
        {gap}
        <span
          data-word={at}
          className={classes.length > 0 ? classes.join(' ') : undefined}
          title={isUnsure ? t.unsure : undefined}
        >
          {word}
        </span>
      </span>
    );
  });
}

interface PlacedWord {
  /** What stands between it and the word before: a space, or nothing in scripts without. */
  readonly gap: string;
  readonly word: string;
  readonly isUnsure: boolean;
}

/** The words of a segment where they stand in its text. */
function placed({ text, words }: Segment): readonly PlacedWord[] {
  let end = 0;
  return (words ?? []).map(({ text: said, probability }) => {
    const word = said.trim();
    const found = text.indexOf(word, end);
    const from = found === -1 ? end : found;
    const gap = text.slice(end, from);
    end = found === -1 ? end : from + word.length;
    return { gap, word, isUnsure: probability < unsureBelow };
  });
}

/** The text with what was found in it marked. */
function Found({ segment: { text }, matches, shownMatch }: RowProps) {
  const parts = matches.flatMap((match, at) => [
    text.slice(matches[at - 1]?.to ?? 0, match.from),
    <mark key={match.from} className={match === shownMatch ? 'shown' : undefined}>
      {text.slice(match.from, match.to)}
    </mark>,
  ]);
  return (
    <>
      {parts}
      {text.slice(matches.at(-1)?.to ?? 0)}
    </>
  );
}

/** A click on a word plays from it; what is selected with the mouse is no click. */
function playWord({ target }: MouseEvent, segment: Segment, player: Player): void {
  if (getSelection()?.isCollapsed === false) return;
  const word = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-word]') : null;
  const at = word === null ? undefined : segment.words?.[Number(word.dataset['word'])];
  if (at) player.playFrom(at.startSeconds);
}
