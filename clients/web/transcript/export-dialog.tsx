import { useEffect, useState } from 'react';
import { addressOf } from '../connection.ts';
import { t } from '../messages/messages.ts';
import { ExportDocument, TextDocument, type TranscriptFormat } from '../operations.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useSession } from '../session.tsx';
import { act, tell, tellError } from '../toasts.tsx';
import type { Job, Segment } from './live-transcript.ts';

interface ExportProps {
  readonly job: Job;
  readonly segments: readonly Segment[];
  readonly onClose: () => void;
}

const formats: readonly TranscriptFormat[] = ['TXT', 'SRT', 'VTT', 'HTML', 'CSV', 'TSV', 'ASS', 'LRC', 'JSON'];
const withLines: readonly TranscriptFormat[] = ['SRT', 'VTT', 'ASS'];

/** Takes the text along: as a file of any format, on the clipboard, on paper. */
export function ExportDialog({ job, segments, onClose }: ExportProps) {
  const { connection } = useSession();
  const hasSpeakers = segments.some(({ speaker }) => speaker !== null);
  const [format, setFormat] = useState<TranscriptFormat>('TXT');
  const [maxLineWidth, setWidth] = useState('42');
  const [maxLineCount, setCount] = useState('2');
  const [speakers, setSpeakers] = useState(hasSpeakers);
  const [url, setUrl] = useState<string | null>(null);
  const hasLines = withLines.includes(format);
  useEffect(() => {
    const stop = new AbortController();
    const lines = hasLines ? { maxLineWidth: numberOf(maxLineWidth), maxLineCount: numberOf(maxLineCount) } : {};
    setUrl(null);
    connection.ask(ExportDocument, { id: job.id, format, speakers, ...lines }, stop.signal).then(
      ({ job: found }) => setUrl(found?.transcriptUrl ?? null),
      (error: unknown) => stop.signal.aborted || tellError(error),
    );
    return () => stop.abort();
  }, [connection, job.id, format, speakers, hasLines, maxLineWidth, maxLineCount]);
  const copy = () =>
    act(async () => {
      const { job: found } = await connection.ask(TextDocument, { id: job.id, speakers });
      await navigator.clipboard.writeText(found?.transcript ?? '');
      tell(t.copied);
    });
  const print = () => {
    onClose();
    setTimeout(() => window.print());
  };
  return (
    <Dialog title={t.export} onClose={onClose}>
      <div className="stack">
        <label>
          {t.exportFormat}
          <select
            value={format}
            onChange={({ target }) => setFormat(formats.find((each) => each === target.value) ?? 'TXT')}
          >
            {formats.map((each) => (
              <option key={each} value={each}>
                {t.formats[each]}
              </option>
            ))}
          </select>
        </label>
        {hasLines && (
          <div className="side-by-side">
            <label>
              {t.lineWidth}
              <input
                type="number"
                min={8}
                max={1000}
                value={maxLineWidth}
                onChange={({ target }) => setWidth(target.value)}
              />
            </label>
            <label>
              {t.lineCount}
              <input
                type="number"
                min={1}
                max={100}
                value={maxLineCount}
                onChange={({ target }) => setCount(target.value)}
              />
            </label>
          </div>
        )}
        {hasSpeakers && (
          <label className="check">
            <input type="checkbox" checked={speakers} onChange={({ target }) => setSpeakers(target.checked)} />
            <span>{t.withSpeakers}</span>
          </label>
        )}
        <div className="buttons">
          <a
            className="button main"
            href={url === null ? undefined : addressOf(url)}
            aria-disabled={url === null}
            download
          >
            {t.download}
          </a>
          <button type="button" onClick={copy}>
            {t.copyText}
          </button>
          <button type="button" onClick={print}>
            {t.print}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

/** What the server takes as a number; null where the field holds none. */
function numberOf(text: string): number | null {
  const value = Number.parseInt(text, 10);
  return Number.isFinite(value) ? value : null;
}
