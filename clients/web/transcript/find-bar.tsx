import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import { t } from '../messages/messages.ts';
import { type Finding, matchesOf, noFinding } from './finding.ts';
import type { Segment } from './live-transcript.ts';

interface FindProps {
  readonly segments: readonly Segment[];
  readonly finding: Finding;
  readonly onChange: (finding: Finding) => void;
}

/** Finds a text in the whole transcript, of which only a part is drawn. */
export function FindBar({ segments, finding, onChange }: FindProps) {
  const field = useRef<HTMLInputElement>(null);
  const count = useMemo(() => matchesOf(segments, finding.text).length, [segments, finding.text]);
  useEffect(() => field.current?.select(), []);
  const go = (step: number) => {
    if (count > 0) onChange({ ...finding, at: (finding.at + step + count) % count });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onChange(noFinding);
    else if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  };
  return (
    <div className="find" role="search" onKeyDown={onKeyDown}>
      <input
        ref={field}
        type="search"
        autoFocus
        aria-label={t.find}
        placeholder={t.find}
        value={finding.text}
        onChange={({ target }) => onChange({ ...finding, text: target.value, at: 0 })}
      />
      <span role="status" className="clock">
        {finding.text !== '' && t.findCount(Math.min(finding.at + 1, count), count)}
      </span>
      <button type="button" className="icon" aria-label={t.previous} disabled={count === 0} onClick={() => go(-1)}>
        ↑
      </button>
      <button type="button" className="icon" aria-label={t.next} disabled={count === 0} onClick={() => go(1)}>
        ↓
      </button>
      <button type="button" className="icon" aria-label={t.close} onClick={() => onChange(noFinding)}>
        ×
      </button>
    </div>
  );
}
