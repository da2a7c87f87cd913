import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { CommandError, exitCodes } from './errors.ts';
import { JobDetailsDocument, JobsDocument, ModelsDocument, SearchDocument, SegmentsDocument } from './operations.ts';
import { printable } from './output.ts';
import { clock } from './screen.ts';
import { asCommandError, type GlobalOptions, openSession, sayAside, type Session } from './session.ts';
import { readTranscript } from './transcribe/deliver.ts';
import { isRecording, type Recording } from './transcribe/recordings.ts';
import { inputFor, submitInput } from './transcribe/recording-job.ts';

const instructions = `Phonograph transcribes recordings. \`transcribe\` takes a file of this machine or an address and gives the id of a job; a long recording goes on while you
ask \`job\` how far it is. \`transcript\` reads what was said, with times, whole or in parts; \`search\` finds words in all transcripts.`;

/** `phonograph mcp`: serves an assistant on stdin and stdout until it leaves. */
export async function serveAssistant(options: GlobalOptions): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort(new CommandError('', exitCodes.interrupted));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, end);
  const left = once(process.stdin, 'end', { signal: stop.signal }).catch(() => undefined);
  await using session = await openSession(options, { signal: stop.signal, say: sayAside, transcribes: true });
  const server = makeServer(session);
  await server.connect(new StdioServerTransport());
  const { signal } = session;
  await Promise.race([left, once(signal, 'abort')]);
  await server.close();
  if (!stop.signal.aborted) signal.throwIfAborted();
}

function makeServer(session: Session): McpServer {
  const server = new McpServer({ name: 'phonograph', version: '1' }, { instructions });
  // A key that may only read is offered nothing else.
  if (session.viewer.role !== 'READER') addTranscribe(server, session);
  addReading(server, session);
  addTranscripts(server, session);
  return server;
}

const jobId = z
  .string()
  .regex(/^job_[\w-]{1,64}$/u)
  .describe('Id of a job.');

/** Clients wait about a minute for an answer; what takes longer is asked for again. */
const waitSeconds = z
  .number()
  .min(0)
  .max(600)
  .default(40)
  .describe('How long to wait for the end of the job before answering how far it is.');

function addTranscribe(server: McpServer, session: Session): void {
  server.registerTool(
    'transcribe',
    {
      title: 'Transcribe a recording',
      description:
        'Sends an audio or video file of this machine to the server, or gives it an address to fetch one from. Asked again for the same file within a day it answers with the same job.',
      inputSchema: {
        recording: z.string().min(1).describe('Path of an audio or video file, or an http or https address.'),
        language: z.string().optional().describe('Code of the language that is spoken, such as de; absent = find out.'),
        mode: z
          .enum(['HIGH_ACCURACY', 'LOW_LATENCY', 'TURBO', 'COMPACT'])
          .optional()
          .describe("Which model; absent = the server's. See models."),
        waitSeconds,
      },
    },
    async ({ recording: named, language, mode, waitSeconds: seconds }, { signal, sendNotification, _meta }) =>
      await answer(async () => {
        const recording = await recordingOf(named, session);
        const options = { ...(language === undefined ? {} : { language }), ...(mode === undefined ? {} : { mode }) };
        const input = await inputFor(recording, options, { session, signal, onProgress: () => undefined });
        const { id } = (await submitInput(session, input)).job;
        const token = _meta?.progressToken;
        await waitForEnd(session, id, {
          signal: AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]),
          onProgress: async (progress) => {
            if (token === undefined) return;
            await sendNotification({
              method: 'notifications/progress',
              params: { progressToken: token, progress, total: 1 },
            });
          },
        });
        return await detailsOf(session, id);
      }),
  );
}

/** Only what is called like a recording is sent: an assistant may have been talked into asking for something else. */
async function recordingOf(named: string, session: Session): Promise<Recording> {
  if (/^https?:\/\//iu.test(named)) {
    await session.require('media', 'url', 'fetching a recording from an address');
    return { name: named, source: { kind: 'URL', url: named } };
  }
  const found = await stat(named).catch(() => null);
  if (found?.isFile() !== true) throw new CommandError(`There is no file ${named}.`);
  if (!isRecording(basename(named))) throw new CommandError(`${named} is not called like a recording.`);
  return { name: named, source: { kind: 'FILE', path: named } };
}

interface Waiting {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => Promise<void>;
}

/** Returns at the end of the job, or when the signal says that it has been waited for long enough. */
async function waitForEnd(session: Session, id: string, { signal, onProgress }: Waiting): Promise<void> {
  try {
    for await (const { job } of session.client.follow(id, { signal })) await onProgress(job.progress.fraction);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function detailsOf(session: Session, id: string): Promise<unknown> {
  const { job } = await session.ask(JobDetailsDocument, { id });
  if (job === null) throw new CommandError(`There is no job ${id}.`);
  return job;
}

function addReading(server: McpServer, session: Session): void {
  const readOnly = { annotations: { readOnlyHint: true, openWorldHint: false } };
  server.registerTool(
    'job',
    {
      title: 'Look at a job',
      description: 'Status, progress, language and failure of a job.',
      inputSchema: { id: jobId, waitSeconds: waitSeconds.default(0) },
      ...readOnly,
    },
    async ({ id, waitSeconds: seconds }, { signal }) =>
      await answer(async () => {
        const waiting = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
        if (seconds > 0) await waitForEnd(session, id, { signal: waiting, onProgress: async () => undefined });
        return await detailsOf(session, id);
      }),
  );
  server.registerTool(
    'transcript',
    {
      title: 'Read a transcript',
      description: `What was said, a line each with its time, while the job runs as far as it is. At most ${longestText} characters: the last line tells where to go on.`,
      inputSchema: {
        id: jobId,
        startSeconds: z.number().min(0).default(0).describe('From here on.'),
        endSeconds: z.number().min(0).optional().describe('To here; absent = to the end.'),
      },
      ...readOnly,
    },
    async ({ id, startSeconds, endSeconds = Infinity }) =>
      await answer(() => readPart(session, id, { startSeconds, endSeconds })),
  );
  server.registerTool(
    'search',
    {
      title: 'Search transcripts',
      description: 'Words in all transcripts, the best match first, with job and time.',
      inputSchema: { query: z.string().min(1).max(1000), limit: z.number().int().min(1).max(100).default(20) },
      ...readOnly,
    },
    async ({ query, limit }) =>
      await answer(async () => {
        const { search } = await session.ask(SearchDocument, { query, filter: {}, first: limit });
        return search.edges.map(({ node: { job, segment } }) => ({
          job: job.id,
          name: job.title ?? job.media.name,
          ...segment,
        }));
      }),
  );
  server.registerTool(
    'models',
    {
      title: 'List models',
      description: 'Which models there are, and which modes use them.',
      inputSchema: {},
      ...readOnly,
    },
    async () => await answer(async () => await session.ask(ModelsDocument, {})),
  );
}

/** As much as an assistant reads at a time. */
const longestText = 50_000;

interface Range {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

async function readPart(session: Session, id: string, { startSeconds, endSeconds }: Range): Promise<string> {
  let [text, after, hasNext]: [string, string | null, boolean] = ['', null, true];
  while (hasNext) {
    const { job }: SegmentsPage = await session.ask(SegmentsDocument, { id, after });
    if (job === null) throw new CommandError(`There is no job ${id}.`);
    const labels = new Map(job.speakers.map(({ key, label }) => [key, label]));
    for (const { node } of job.segments.edges) {
      if (node.endSeconds <= startSeconds) continue;
      if (node.startSeconds >= endSeconds) return text;
      const who = node.speaker === null ? '' : `${labels.get(node.speaker) ?? node.speaker}: `;
      text += `[${clock(node.startSeconds)}] ${who}${node.text.trim()}\n`;
      if (text.length > longestText) return `${text}[goes on: ask with startSeconds ${node.endSeconds}]\n`;
    }
    ({ endCursor: after, hasNextPage: hasNext } = job.segments.pageInfo);
    if (!hasNext && (job.status === 'QUEUED' || job.status === 'WORKING')) text += '[the job is still running]\n';
  }
  return text;
}

type SegmentsPage = Awaited<ReturnType<typeof readSegments>>;
const readSegments = (session: Session, id: string) => session.ask(SegmentsDocument, { id });

function addTranscripts(server: McpServer, session: Session): void {
  const list = async () => {
    const { jobs } = await session.ask(JobsDocument, { filter: { status: ['COMPLETED'] }, first: 100 });
    const resources = jobs.edges.map(({ node: { id, title, media } }) => ({
      uri: `phonograph://jobs/${id}/transcript`,
      name: title ?? media.name,
    }));
    return { resources };
  };
  server.registerResource(
    'transcript',
    new ResourceTemplate('phonograph://jobs/{id}/transcript', { list }),
    { title: 'Transcripts', description: 'The transcript of a job, with times.', mimeType: 'text/vtt' },
    async ({ href }, { id }) => {
      const text = await readTranscript(session, jobId.parse(id), 'vtt');
      return { contents: [{ uri: href, mimeType: 'text/vtt', text }] };
    },
  );
}

/** What a tool found, as text; or why it found nothing, for the assistant to read. */
async function answer(find: () => Promise<unknown>): Promise<CallToolResult> {
  try {
    const found = await find();
    return {
      content: [{ type: 'text', text: typeof found === 'string' ? printable(found) : JSON.stringify(found, null, 1) }],
    };
  } catch (error) {
    const { message, hint } = asCommandError(error);
    return {
      content: [{ type: 'text', text: [message, hint].filter((part) => part !== null).join(' ') }],
      isError: true,
    };
  }
}
