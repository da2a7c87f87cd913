// How long /health and /ready take while the server is idle, while an engine floods its output, and while speech is decoded.
// Prints p50 and p99 in milliseconds and the ratio busy / idle, all from one run: npm run bench:health
import { Agent, get } from 'node:http';
import { basename, dirname } from 'node:path';
import { untilEvent } from '#src/testing/follow.ts';
import { openProcessHarness } from '#src/testing/process.ts';
import { recordings } from '#src/testing/recordings.ts';
import { ask } from '#src/testing/server.ts';
import { percentile } from '#src/testing/timing.ts';

const requests = 2000;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

interface Timing {
  readonly p50: number;
  readonly p99: number;
}

async function measure(url: string, mayGoOn: () => Promise<boolean> = async () => true): Promise<Timing> {
  const times: number[] = [];
  for (let count = 0; count < requests; count += 1) {
    if (count % 200 === 0 && !(await mayGoOn())) break;
    const path = count % 2 === 0 ? '/health' : '/ready';
    const start = performance.now();
    await new Promise<void>((resolve, reject) => {
      get(`${url}${path}`, { agent }, (response) => response.resume().once('end', resolve)).once('error', reject);
    });
    times.push(performance.now() - start);
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

async function ready(url: string): Promise<void> {
  while ((await fetch(`${url}/ready`)).status !== 200)
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
}

/** Measures idle, then with a job at work, against one server. */
async function compare(name: string, engine: string | null, recording?: string): Promise<void> {
  await using harness = await openProcessHarness(engine);
  const roots = recording === undefined ? {} : { PHONOGRAPH_MEDIA_ROOTS: dirname(recording) };
  const url = await harness.start(roots).url;
  await ready(url);
  await measure(url);
  const idle = await measure(url);
  const path = recording === undefined ? 'speech.wav' : basename(recording);
  const query = `mutation { transcribe(input: { media: { path: "${path}" } }) { ... on TranscribeSuccess { job { id } } } }`;
  const { data } = await ask(url, JSON.stringify({ query }));
  const { id } = data.transcribe.job;
  await untilEvent(url, id, ({ __typename }) => __typename === 'JobSegmentsAdded' || recording !== undefined);
  const status = JSON.stringify({ query: `{ job(id: "${id}") { status } }` });
  const busy = await measure(url, async () => (await ask(url, status)).data.job.status === 'WORKING');
  const figures = [idle, busy].map(({ p50, p99 }) => `${p50.toFixed(2)} / ${p99.toFixed(2)}`);
  process.stdout.write(
    `${name.padEnd(24)} idle p50/p99 ${figures[0]} ms   busy ${figures[1]} ms   p99 busy/idle ${(busy.p99 / idle.p99).toFixed(2)}\n`,
  );
}

await compare('engine floods', 'floods');
await compare('speech is decoded', null, recordings('long_ljspeech_one_voice.flac').at(-1)?.path);
agent.destroy();
