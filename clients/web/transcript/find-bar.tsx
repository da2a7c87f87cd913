import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { t } from '../messages/messages.ts';
import { tell } from '../toasts.tsx';
import type { Editor } from './editor.ts';
import { type Finding, type Match, matchesOf, noFinding, replaced } from './finding.ts';
import type { Segment } from './live-transcript.ts';

interface FindProps {
  readonly segments: readonly Segment[];
  readonly finding: Finding;
  /** Null where nothing can be replaced. */
  readonly editor: Editor | null;
  readonly onChange: (finding: Finding) => void;
}

/** Finds a text in the whole transcript, of which only a part is drawn. */
export function FindBar({ segments, finding, editor, onChange }: FindProps) {
  const field = useRef<HTMLInputElement>(null);
  const matches = useMemo(() => matchesOf(segments, finding.text), [segments, finding.text]);
  const count = matches.length;
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
    <div className="find" role="search" aria-label={t.find} onKeyDown={onKeyDown}>
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
      {editor && <Replace segments={segments} matches={matches} at={finding.at} editor={editor} />}
    </div>
  );
}

interface ReplaceProps {
  readonly segments: readonly Segment[];
  readonly matches: readonly Match[];
  readonly at: number;
  readonly editor: Editor;
}

function Replace({ segments, matches, at, editor }: ReplaceProps) {
  const [text, setText] = useState('');
  const replace = (some: readonly Match[]) => {
    const changes = replaced(segments, some, text);
    if (changes.size === 0) return;
    editor.edit(changes);
    tell(t.replaced(changes.size));
  };
  const match = matches[Math.min(at, matches.length - 1)];
  return (
    <div className="replace" onKeyDown={(event) => event.key === 'Enter' && event.stopPropagation()}>
      <input
        aria-label={t.replace}
        placeholder={t.replace}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      <button type="button" disabled={match === undefined} onClick={() => match && replace([match])}>
        {t.replaceOne}
      </button>
      <button type="button" disabled={match === undefined} onClick={() => replace(matches)}>
        {t.replaceAll}
      </button>
    </div>
  );
}
