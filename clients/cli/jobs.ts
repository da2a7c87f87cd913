import { CommandError } from './errors.ts';
import {
  CancelDocument,
  JobDetailsDocument,
  type JobDetailsQuery,
  type JobLineFragment,
  JobsDocument,
  type JobsQuery,
  type JobStatus,
  RetryDocument,
} from './operations.ts';
import { write, writeJson, writeLine, writeTable } from './output.ts';
import { clock } from './screen.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';
import { readTranscript } from './transcribe/deliver.ts';
import type { Format } from './transcribe/formats.ts';

/** Of one page of a list, as many as the server gives. */
const pageSize = 100;

export interface JobsOptions extends GlobalOptions {
  readonly status?: readonly JobStatus[];
  readonly tag?: string;
  readonly title?: string;
  readonly limit: number;
}

/** `phonograph jobs`: the newest first. */
export async function listJobs({ status, tag, title, limit, ...options }: JobsOptions): Promise<void> {
  const filter = {
    ...(status === undefined ? {} : { status }),
    ...(tag === undefined ? {} : { tag }),
    ...(title === undefined ? {} : { titleContains: title }),
  };
  await withSession(options, async (session) => {
    const jobs: JobLineFragment[] = [];
    for await (const job of readJobs(session, filter, limit)) {
      if (options.json === true) writeJson(job);
      else jobs.push(job);
    }
    if (options.json !== true) writeTable(['ID', 'STATUS', 'PROGRESS', 'CREATED', 'NAME'], jobs.map(jobRow));
  });
}

async function* readJobs(session: Session, filter: object, limit: number): AsyncGenerator<JobLineFragment> {
  let [after, left]: [string | null, number] = [null, limit];
  while (left > 0) {
    const { jobs }: JobsQuery = await session.ask(JobsDocument, { filter, first: Math.min(pageSize, left), after });
    for (const { node } of jobs.edges) yield node;
    left -= jobs.edges.length;
    after = jobs.pageInfo.endCursor;
    if (!jobs.pageInfo.hasNextPage) return;
  }
}

function jobRow({ id, status, progress, createdAt, title, media }: JobLineFragment): readonly string[] {
  const fraction = status === 'WORKING' || progress.fraction > 0 ? `${Math.floor(progress.fraction * 100)} %` : '';
  return [id, status, fraction, localTime(createdAt), title ?? media.name];
}

/** As people write it, in the time zone of this machine. */
export function localTime(text: string): string {
  return new Date(text).toLocaleString('sv-SE');
}

/** `phonograph show JOB`: what is known of a job, or with a format its transcript. */
export async function showJob(
  id: string,
  { format, ...options }: GlobalOptions & { readonly format?: Format },
): Promise<void> {
  await withSession(options, async (session) => {
    if (format !== undefined) return write(await readTranscript(session, id, format));
    const { job } = await session.ask(JobDetailsDocument, { id });
    if (job === null) throw new CommandError(`There is no job ${id}.`, undefined, 'List them with: phonograph jobs');
    return options.json === true ? writeJson(job) : writeLine(details(job));
  });
}

type Details = NonNullable<JobDetailsQuery['job']>;

function details({
  id,
  status,
  title,
  media,
  options,
  language,
  progress,
  failure,
  queuePosition,
  ...job
}: Details): string {
  const { stage, fraction, etaSeconds } = progress;
  const length = media.durationSeconds === null ? '' : `, ${clock(media.durationSeconds)}`;
  const rows: readonly (readonly [string, string | null])[] = [
    ['job', id],
    ['title', title],
    ['recording', `${media.name}${length}`],
    ['status', status],
    ['place in the queue', queuePosition === null ? null : String(queuePosition)],
    ['progress', status === 'WORKING' ? `${Math.floor(fraction * 100)} %, ${stage.toLowerCase()}` : null],
    ['left', etaSeconds === null ? null : clock(etaSeconds)],
    ['language', language === null ? options.language : `${language.code} (${language.probability.toFixed(2)})`],
    ['model', `${options.model} (${options.mode})`],
    ['tags', job.tags.join(', ') || null],
    ['owner', job.owner],
    ['created', localTime(job.createdAt)],
    ['finished', job.finishedAt === null ? null : localTime(job.finishedAt)],
    ['warnings', media.warnings.join(' ') || null],
    ['failure', failure === null ? null : `${failure.code}: ${failure.message} ${failure.hint ?? ''}`.trim()],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(20)}${value}`])).join('\n');
}

/** `phonograph cancel JOB...`, or with --all all that have not ended. */
export async function cancelJobs(
  ids: readonly string[],
  { all, ...options }: GlobalOptions & { readonly all?: boolean },
): Promise<void> {
  await withSession(options, async (session) => {
    const chosen = all === true ? await unfinished(session) : ids;
    await each(chosen, options, async (id) => (await session.ask(CancelDocument, { id })).cancel);
  });
}

async function unfinished(session: Session): Promise<readonly string[]> {
  const jobs = readJobs(session, { status: ['QUEUED', 'WORKING'] }, Infinity);
  return (await Array.fromAsync(jobs)).map(({ id }) => id);
}

/** `phonograph retry JOB...` */
export async function retryJobs(
  ids: readonly string[],
  { fromStart = false, ...options }: GlobalOptions & { readonly fromStart?: boolean },
): Promise<void> {
  await withSession(options, async (session) => {
    await each(ids, options, async (id) => (await session.ask(RetryDocument, { id, fromStart })).retry);
    if (session.isOwn) process.stderr.write('They run when a server is started: phonograph serve\n');
  });
}

type Changed =
  | { readonly job: JobLineFragment }
  | { readonly code: string; readonly message: string; readonly hint: string | null };

/** Does it to one after the other; says what became of each, and fails where one of them could not be done. */
async function each(
  ids: readonly string[],
  { json }: GlobalOptions,
  change: (id: string) => Promise<Changed>,
): Promise<void> {
  let failed = 0;
  for (const id of ids) {
    const changed = await change(id);
    if (json === true) writeJson('job' in changed ? changed.job : { id, ...changed });
    else if ('job' in changed)
      writeLine(`${id}  ${changed.job.status === 'WORKING' ? 'is being cancelled' : changed.job.status}`);
    else process.stderr.write(`${id}: ${[changed.message, changed.hint].filter((part) => part !== null).join(' ')}\n`);
    if (!('job' in changed)) failed += 1;
  }
  if (failed > 0) throw new CommandError('');
}
