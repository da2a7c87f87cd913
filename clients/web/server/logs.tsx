import { useDeferredValue, useEffect, useRef, useState } from 'react';
import { logTime } from '../format.ts';
import { t } from '../messages/messages.ts';
import { LogAddedDocument, type LogFilter, type LogLevel, type LogLineFragment, LogsDocument } from '../operations.ts';
import { useSession } from '../session.tsx';
import { tellError } from '../toasts.tsx';

const levels: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARN', 'ERROR'];

/** More are in the files of the log. */
const shownLines = 300;

/** The newest lines of the log, and new ones as they are written. */
export function Logs() {
  const [level, setLevel] = useState<LogLevel>('INFO');
  const [text, setText] = useState('');
  const contains = useDeferredValue(text.trim());
  const lines = useLogLines(level, contains);
  const box = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const shown = box.current;
    if (shown) shown.scrollTop = shown.scrollHeight;
  }, [lines]);
  return (
    <section className="card" aria-labelledby="logs">
      <h2 id="logs">{t.logs}</h2>
      <div className="in-line">
        <label>
          {t.logLevel}
          <select
            value={level}
            onChange={({ target }) => setLevel(levels.find((each) => each === target.value) ?? 'INFO')}
          >
            {levels.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label>
          {t.logContains}
          <input type="search" maxLength={500} value={text} onChange={({ target }) => setText(target.value)} />
        </label>
      </div>
      <ol className="log" ref={box} tabIndex={0} aria-label={t.logs}>
        {lines.length === 0 && <li className="hint">{t.logEmpty}</li>}
        {lines.map(({ id, time, level: of, message, jobId }) => (
          <li key={id} className={`log-${of.toLowerCase()}`}>
            <time dateTime={time}>{logTime(time)}</time> <b>{of}</b> {message}{' '}
            {jobId !== null && <small>{jobId}</small>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function useLogLines(level: LogLevel, contains: string): readonly LogLineFragment[] {
  const { connection } = useSession();
  const [lines, setLines] = useState<readonly LogLineFragment[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const filter: LogFilter = { level, ...(contains === '' ? {} : { contains }) };
    const add = (some: readonly LogLineFragment[]) => setLines((all) => [...all, ...some].slice(-shownLines));
    async function follow(): Promise<void> {
      let after: string | null = null;
      for (let isMore = true; isMore;) {
        const { logs }: LogsPage = await connection.ask(LogsDocument, { filter, after }, signal);
        add(logs.edges.map(({ node }) => node));
        after = logs.pageInfo.endCursor ?? after;
        isMore = logs.pageInfo.hasNextPage;
      }
      await connection.listen(
        LogAddedDocument,
        { filter, after },
        { signal, onItem: ({ logAdded }) => add([logAdded]) },
      );
    }
    setLines([]);
    follow().catch((error: unknown) => signal.aborted || tellError(error));
    return () => stop.abort();
  }, [connection, level, contains]);
  return lines;
}

interface LogsPage {
  readonly logs: {
    readonly edges: readonly { readonly node: LogLineFragment }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}
