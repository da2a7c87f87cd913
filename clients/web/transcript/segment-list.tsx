import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { t } from '../messages/messages.ts';
import { useStore } from '../store.ts';
import { type Finding, matchesOf, segmentAt } from './finding.ts';
import type { Editor } from './editor.ts';
import type { Job, Segment, Speaker } from './live-transcript.ts';
import type { Player } from './player.ts';
import { SegmentForm } from './segment-form.tsx';
import { SegmentRow } from './segment-row.tsx';

interface ListProps {
  readonly job: Job;
  readonly segments: readonly Segment[];
  readonly isWhole: boolean;
  readonly player: Player;
  readonly isFollowing: boolean;
  /** Where a link leads to. */
  readonly startSeconds: number | null;
  readonly finding: Finding;
  /** Null where the caller may not correct, or the job has not ended. */
  readonly editor: Editor | null;
}

/** So near to its end the page is taken to stand there, and goes along with new words. */
const nearPixels = 160;

/** The text. Only rows that can be seen are drawn, so that a transcript of many hours stays smooth. */
export function SegmentList({ job, segments, isWhole, player, isFollowing, startSeconds, finding, editor }: ListProps) {
  const place = useRef<HTMLOListElement>(null);
  const rows = useWindowVirtualizer({
    count: segments.length,
    estimateSize: () => 60,
    overscan: 10,
    scrollMargin: place.current?.offsetTop ?? 0,
    scrollPaddingStart: 180,
    scrollPaddingEnd: 120,
  });
  const said = useSaidWord(player, segments);
  const [editing, setEditing] = useState<number | null>(null);
  const speakers = useMemo(() => new Map(job.speakers.map((each) => [each.key, each])), [job.speakers]);
  const matches = useMemo(
    () => (finding.isOpen ? matchesOf(segments, finding.text) : []),
    [segments, finding.isOpen, finding.text],
  );
  const match = matches[finding.at];
  const matchesByRow = useMemo(() => Map.groupBy(matches, ({ index }) => index), [matches]);

  const show = (index: number) => rows.scrollToIndex(index, { align: 'auto' });
  useEffect(() => {
    if (match) rows.scrollToIndex(match.index, { align: 'center' });
  }, [rows, match]);
  const { isPlaying } = useStore(player);
  useEffect(() => {
    if (isFollowing && isPlaying && said.segment >= 0)
      rows.scrollToIndex(said.segment, { align: 'auto', behavior: 'auto' });
  }, [rows, isFollowing, isPlaying, said.segment]);
  const isThere = startSeconds !== null && (segments.at(-1)?.startSeconds ?? -1) >= startSeconds;
  useEffect(() => {
    if (startSeconds !== null && isThere) rows.scrollToIndex(segmentAt(segments, startSeconds), { align: 'center' });
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, when the place is there
  }, [rows, startSeconds, isThere]);
  const isBehind = useGoesAlong(job.status === 'WORKING', segments.length);

  const leave = (to: number | null) => {
    if (to !== null && segments[to] === undefined) return;
    const from = editing;
    setEditing(to);
    if (to !== null) show(to);
    else
      requestAnimationFrame(() => place.current?.querySelector<HTMLElement>(`[data-index="${from}"] .edit`)?.focus());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-index]') : null;
    if (step === undefined || row === null || row.querySelector('.segment-form') !== null) return;
    event.preventDefault();
    const index = Number(row.dataset['index']) + step;
    show(index);
    requestAnimationFrame(() => place.current?.querySelector<HTMLElement>(`[data-index="${index}"] .time`)?.focus());
  };
  if (segments.length === 0) {
    const isOver = job.status === 'COMPLETED' && isWhole;
    return (
      <p className="waiting" role="status">
        {isOver ? t.silent : job.status === 'FAILED' || job.status === 'CANCELLED' ? '' : t.listening}
      </p>
    );
  }
  return (
    <>
      <ol
        className="segments"
        ref={place}
        style={{ height: rows.getTotalSize() }}
        onKeyDown={onKeyDown}
        aria-label={t.transcript}
      >
        {rows.getVirtualItems().map(({ index, key, start }) => {
          const segment = segments[index];
          return (
            segment && (
              <li
                key={key}
                ref={rows.measureElement}
                data-index={index}
                aria-setsize={segments.length}
                aria-posinset={index + 1}
                style={{ transform: `translateY(${start - rows.options.scrollMargin}px)` }}
              >
                {editor && editing === index ? (
                  <SegmentForm
                    key={index}
                    segment={segment}
                    speakers={job.speakers}
                    editor={editor}
                    player={player}
                    onLeave={leave}
                  />
                ) : (
                  <SegmentRow
                    jobId={job.id}
                    segment={segment}
                    newSpeaker={newSpeakerOf(segment, segments[index - 1], speakers)}
                    speakers={job.speakers}
                    saidWord={said.segment === index ? said.word : null}
                    matches={matchesByRow.get(index) ?? none}
                    shownMatch={match?.index === index ? match : null}
                    player={player}
                    onEdit={editor ? setEditing : null}
                  />
                )}
              </li>
            )
          );
        })}
      </ol>
      {isBehind && (
        <button type="button" className="to-end" onClick={() => scrollTo({ top: document.body.scrollHeight })}>
          {t.jumpToEnd} ↓
        </button>
      )}
    </>
  );
}

/** Who speaks in a segment, where it is somebody else than before. */
function newSpeakerOf(
  { speaker }: Segment,
  before: Segment | undefined,
  speakers: ReadonlyMap<string, Speaker>,
): Speaker | null {
  if (speaker === null || before?.speaker === speaker) return null;
  // One that somebody has just added is not known to the server yet.
  return speakers.get(speaker) ?? { id: '', key: speaker, name: null, label: `${t.speaker} ${speaker}` };
}

const none: readonly never[] = [];

interface Said {
  readonly segment: number;
  /** -1 between words, and where words have no times. */
  readonly word: number;
}

/** What is being said; changes with the word and not with every frame. */
function useSaidWord(player: Player, segments: readonly Segment[]): Said {
  const [said, setSaid] = useState<Said>({ segment: -1, word: -1 });
  useEffect(() => {
    const look = () => {
      const { seconds, isPlaying } = player.get();
      const segment = isPlaying || seconds > 0 ? segmentAt(segments, seconds + 0.001) : -1;
      const word = segments[segment]?.words?.findLastIndex(({ startSeconds }) => startSeconds <= seconds + 0.001) ?? -1;
      setSaid((now) => (now.segment === segment && now.word === word ? now : { segment, word }));
    };
    look();
    return player.subscribe(look);
  }, [player, segments]);
  return said;
}

/** Scrolls along with new rows while the reader is at the end; true where the reader is elsewhere and more has come. */
function useGoesAlong(isLive: boolean, count: number): boolean {
  const isAtEnd = useRef(true);
  const [isBehind, setBehind] = useState(false);
  useEffect(() => {
    const look = () => {
      isAtEnd.current = scrollY + innerHeight >= document.documentElement.scrollHeight - nearPixels;
      if (isAtEnd.current) setBehind(false);
    };
    addEventListener('scroll', look, { passive: true });
    return () => removeEventListener('scroll', look);
  }, []);
  useEffect(() => {
    if (!isLive || count === 0) return;
    if (isAtEnd.current) scrollTo({ top: document.documentElement.scrollHeight });
    else setBehind(true);
  }, [isLive, count]);
  return isLive && isBehind;
}
