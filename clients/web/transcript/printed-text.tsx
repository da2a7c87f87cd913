import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { clock } from '../format.ts';
import type { Job, Segment } from './live-transcript.ts';

interface PrintedProps {
  readonly job: Job;
  readonly segments: readonly Segment[];
}

/** The whole text, drawn for a printer alone: on the screen only those rows are that can be seen. */
export function PrintedText({ job, segments }: PrintedProps) {
  const [isPrinting, setPrinting] = useState(false);
  useEffect(() => {
    const begin = () => flushSync(() => setPrinting(true));
    const end = () => setPrinting(false);
    window.addEventListener('beforeprint', begin);
    window.addEventListener('afterprint', end);
    return () => {
      window.removeEventListener('beforeprint', begin);
      window.removeEventListener('afterprint', end);
    };
  }, []);
  if (!isPrinting) return null;
  const labels = new Map(job.speakers.map(({ key, label }) => [key, label]));
  return (
    <div className="printed">
      {segments.map(({ index, startSeconds, text, speaker }, at) => (
        <p key={index}>
          <span className="time">{clock(startSeconds)}</span>
          <span>
            {speaker !== null && speaker !== segments[at - 1]?.speaker && <b>{labels.get(speaker)}: </b>}
            {text}
          </span>
        </p>
      ))}
    </div>
  );
}
