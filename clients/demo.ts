import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type OwnServer, root, startOwnServer } from './cli/own-server.ts';
import { JobDetailsDocument, TranscriptAddressDocument } from './cli/operations.ts';
import { openScreen } from './cli/screen.ts';
import { reportOnScreen } from './cli/transcribe/report.ts';
import { openClient, PhonographError } from './js/client.ts';
import { TranscribeDocument } from './js/operations.ts';

const help = `npm run demo [-- --stay]: transcribes samples/jfk.flac with a server of its own and shows it live.

  --stay    keep the server up afterwards, until Ctrl-C
  --help    this text
`;

const recording = 'jfk.flac';

/** What of the user's settings counts for the demo too. */
const kept = new Set(['PHONOGRAPH_CONFIG', 'PHONOGRAPH_MODEL_DIRECTORY', 'PHONOGRAPH_COMPUTE_POWER']);

process.exitCode = await main();

async function main(): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  // Who reads along may have had enough, as `head` has, and a terminal is closed.
  for (const lines of [process.stdout, process.stderr]) lines.on('error', () => stop.abort());
  try {
    const { values } = parseArgs({ options: { stay: { type: 'boolean' }, help: { type: 'boolean' } } });
    if (values.help === true) {
      process.stdout.write(help);
      return 0;
    }
    await demonstrate(stop.signal, values.stay === true);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** Ends with everything that it has started gone, whether it succeeds or not. */
async function demonstrate(signal: AbortSignal, stay: boolean): Promise<void> {
  process.stdout.write('Starting a server.\n');
  await using server = await startDemoServer(signal);
  const work = AbortSignal.any([signal, server.ended]);
  process.stdout.write(`Transcribing samples/${recording} over GraphQL at ${server.url}/graphql\n\n`);
  const transcript = await transcribe(server.url, work);
  process.stdout.write(`\nTranscript\n\n${transcript.trim()}\n\n`);
  process.stdout.write(`GraphiQL  ${server.url}/graphql\nHealth    ${server.url}/health\n\n`);
  if (!stay) {
    process.stdout.write(
      'The server stops now. `npm run demo -- --stay` keeps it up; `npm start` starts yours, `npx phonograph transcribe FILE` gives it work.\n',
    );
    return;
  }
  process.stdout.write('The server stays up until Ctrl-C.\n');
  await new Promise<void>((resolve) => work.addEventListener('abort', () => resolve()));
  if (!signal.aborted) work.throwIfAborted();
}

/** A server with settings, port and data of its own; disposing of it stops it and removes its data. */
async function startDemoServer(signal: AbortSignal): Promise<OwnServer> {
  await using stack = new AsyncDisposableStack();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'phonograph-demo-'));
  stack.defer(() => rm(dataDirectory, { recursive: true, force: true }));
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('PHONOGRAPH_') || kept.has(name));
  const settings = {
    ...Object.fromEntries(environment),
    PHONOGRAPH_LISTEN_HOST: '127.0.0.1',
    PHONOGRAPH_ALLOWED_HOSTS: '',
    PHONOGRAPH_API_KEYS: '',
    PHONOGRAPH_LISTEN_PORT: '0',
    PHONOGRAPH_DATA_DIRECTORY: dataDirectory,
    PHONOGRAPH_MEDIA_ROOTS: join(root, 'samples'),
    PHONOGRAPH_LOG_LEVEL: 'info',
  };
  const server = stack.use(await startOwnServer(settings, signal));
  const owned = stack.move();
  return { ...server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Submits the recording, shows every event of its job as it comes, and returns the transcript. */
async function transcribe(url: string, signal: AbortSignal): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const client = stack.adopt(openClient({ url }), ({ dispose }) => dispose());
  // With the mode named, the demo does not depend on the settings of the server to come.
  const input = { media: { path: recording }, mode: 'COMPACT' } as const;
  const { transcribe: result } = await client.ask(TranscribeDocument, { input }, signal);
  if (result.__typename !== 'TranscribeSuccess') throw new PhonographError(result);
  using screen = openScreen(process.stdout);
  using reporter = reportOnScreen(screen, { total: 1, showsText: true });
  for await (const event of client.follow(result.job, { signal })) {
    reporter.tell(recording, { type: 'event', job: result.job.id, event });
    if (event.__typename !== 'JobLanguageDetected') continue;
    const { code, probability } = event.language;
    screen.line(`Language: ${code} (probability ${probability.toFixed(2)})`);
  }
  const { job } = await client.ask(JobDetailsDocument, { id: result.job.id }, signal);
  if (job?.status !== 'COMPLETED') throw new Error(`the job is ${job?.status}. ${job?.failure?.message ?? ''}`);
  const { job: address } = await client.ask(TranscriptAddressDocument, { id: job.id, format: 'TXT' }, signal);
  return await (await fetch(new URL(address?.transcriptUrl ?? '', url), { signal })).text();
}
