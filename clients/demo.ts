import { parseArgs } from 'node:util';
import { openScreen } from './demo/screen.ts';
import { startDemoServer } from './demo/server-process.ts';
import { transcribe } from './demo/transcribe.ts';

const help = `npm run demo [-- --stay]: transcribes samples/jfk.flac with a server of its own and shows it live.

  --stay    keep the server up afterwards, until Ctrl-C
  --help    this text
`;

const recording = 'jfk.flac';

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { stay: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  try {
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
  const transcript = await show(server.url, work);
  process.stdout.write(`\nTranscript\n\n${transcript.trim()}\n\n`);
  process.stdout.write(`GraphiQL  ${server.url}/graphql\nHealth    ${server.url}/health\n\n`);
  if (!stay) {
    process.stdout.write('The server stops now. `npm run demo -- --stay` keeps it up; `npm start` starts yours.\n');
    return;
  }
  process.stdout.write('The server stays up until Ctrl-C.\n');
  await new Promise<void>((resolve) => work.addEventListener('abort', () => resolve()));
  if (!signal.aborted) work.throwIfAborted();
}

async function show(url: string, signal: AbortSignal): Promise<string> {
  using screen = openScreen();
  return await transcribe(recording, { url, screen, signal });
}
