import { LogAddedDocument, type LogLevel, type LogFieldsFragment, LogsDocument } from './operations.ts';
import { writeJson, writeLine } from './output.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';
import { localTime } from './jobs.ts';

export interface LogsOptions extends GlobalOptions {
  readonly follow?: boolean;
  readonly job?: string;
  readonly level?: LogLevel;
  readonly contains?: string;
}

/** `phonograph logs`: this month's lines, or all of a job; with --follow then those that come, each once, through lost connections. */
export async function showLogs({ follow, job, level, contains, ...options }: LogsOptions): Promise<void> {
  const filter = {
    ...(job === undefined ? {} : { jobId: job }),
    ...(level === undefined ? {} : { level }),
    ...(contains === undefined ? {} : { contains }),
  };
  const show = options.json === true ? writeJson : (line: LogFieldsFragment) => writeLine(lineOf(line));
  await withSession(options, async (session) => {
    const end = await showStored(session, filter, show);
    if (follow !== true) return;
    const lines = session.client.subscribe(LogAddedDocument, { filter, after: end }, session.signal);
    for await (const { logAdded } of lines) show(logAdded);
  });
}

/** Shows what is stored, and tells the place behind it, also where it is nothing. */
async function showStored(
  session: Session,
  filter: object,
  show: (line: LogFieldsFragment) => void,
): Promise<string | null> {
  let after: string | null = null;
  for (;;) {
    const { logs }: { logs: LogsPage } = await session.ask(LogsDocument, { filter, first: 1000, after });
    for (const { node } of logs.edges) show(node);
    after = logs.pageInfo.endCursor;
    if (!logs.pageInfo.hasNextPage) return after;
  }
}

interface LogsPage {
  readonly edges: readonly { readonly node: LogFieldsFragment }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** A line for a person, with those fields that the message does not tell already. */
function lineOf({ time, level, message, jobId, fields }: LogFieldsFragment): string {
  const untold = Object.entries(fields ?? {}).filter(([name, value]) => !message.includes(`${name} ${String(value)}`));
  const more = untold.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(untold))}`;
  return `${localTime(time)}  ${level.padEnd(5)}  ${message}${jobId === null ? '' : `  ${jobId}`}${more}`;
}
