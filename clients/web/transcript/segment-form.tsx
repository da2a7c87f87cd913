import { type KeyboardEvent, useEffect, useRef } from 'react';
import { clock } from '../format.ts';
import { t } from '../messages/messages.ts';
import { act } from '../toasts.tsx';
import type { Editor } from './editor.ts';
import type { Segment, Speaker } from './live-transcript.ts';
import type { Player } from './player.ts';

interface FormProps {
  readonly segment: Segment;
  readonly speakers: readonly Speaker[];
  readonly editor: Editor;
  readonly player: Player;
  /** Goes to another segment, or ends. */
  readonly onLeave: (to: number | null) => void;
}

/** A segment while it is corrected: every change is saved by itself. */
export function SegmentForm({ segment, speakers, editor, player, onLeave }: FormProps) {
  const { index, text, startSeconds, endSeconds, speaker, originalText } = segment;
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const onKeyDown = (event: KeyboardEvent) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (key === 'Escape') onLeave(null);
    else if (key === 'Enter' && (ctrlKey || metaKey)) player.toggle();
    else if (key === 'Enter' && event.target === field.current) onLeave(index + (event.shiftKey ? -1 : 1));
    else if (altKey && (key === 'ArrowUp' || key === 'ArrowDown')) onLeave(index + (key === 'ArrowUp' ? -1 : 1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const change = (one: Parameters<Editor['edit']>[0] extends ReadonlyMap<number, infer Change> ? Change : never) =>
    editor.edit(new Map([[index, one]]));
  return (
    <div className="segment-form" onKeyDown={onKeyDown} onBlur={editor.flush}>
      <textarea
        ref={field}
        rows={2}
        maxLength={10_000}
        lang={segment.language ?? undefined}
        aria-label={t.editText(clock(startSeconds))}
        value={text}
        onChange={({ target }) => change({ text: target.value.replaceAll('\n', ' ') })}
      />
      <div className="segment-facts">
        <label>
          {t.speaker}
          <select
            value={speaker ?? ''}
            onChange={({ target }) => change({ speaker: target.value === '' ? null : target.value })}
          >
            <option value="">{t.nobody}</option>
            {speakers.map(({ key, label }) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
            <option value={nextKey(speakers)}>{t.newSpeaker}</option>
          </select>
        </label>
        <TimeField
          label={t.beginsAt}
          seconds={startSeconds}
          onChange={(seconds) => change({ startSeconds: seconds })}
        />
        <TimeField label={t.ends} seconds={endSeconds} onChange={(seconds) => change({ endSeconds: seconds })} />
        {originalText !== null && (
          <button
            type="button"
            className="quiet"
            title={t.heard(originalText)}
            onClick={() => act(() => editor.revert(index))}
          >
            {t.revert}
          </button>
        )}
      </div>
      <small>{t.editHint}</small>
    </div>
  );
}

/** The number of a speaker that is not there yet. */
function nextKey(speakers: readonly Speaker[]): string {
  return String(Math.max(0, ...speakers.map(({ key }) => Number(key))) + 1);
}

interface TimeProps {
  readonly label: string;
  readonly seconds: number;
  readonly onChange: (seconds: number) => void;
}

/** A time as 1:02:03.450; what is no time is put back. */
function TimeField({ label, seconds, onChange }: TimeProps) {
  const shown = exactClock(seconds);
  const read = (field: HTMLInputElement) => {
    const given = secondsOf(field.value);
    if (given === null) field.value = shown;
    else if (given !== seconds) onChange(given);
  };
  return (
    <label>
      {label}
      <input key={shown} defaultValue={shown} inputMode="decimal" onBlur={({ target }) => read(target)} />
    </label>
  );
}

function exactClock(seconds: number): string {
  const thousandths = String(Math.round(seconds * 1000) % 1000).padStart(3, '0');
  return `${clock(Math.round(seconds * 1000) / 1000)}.${thousandths}`;
}

function secondsOf(text: string): number | null {
  const parts = text.trim().replace(',', '.').split(':').map(Number);
  if (text.trim() === '' || parts.length > 3 || parts.some((part) => !Number.isFinite(part) || part < 0)) return null;
  return parts.reduce((sum, part) => sum * 60 + part, 0);
}
