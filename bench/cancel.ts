// How long it takes from a cancel, while speech is decoded, until the last process of the job is gone, and until its follower has heard so: median and
// worst of ten, beside a bare SIGKILL of the same engine as the control: npm run bench:cancel
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventsOf, untilEvent } from '#src/testing/follow.ts';
import { openProcessHarness, type ProcessHarness, submitTo } from '#src/testing/process.ts';
import { recordings } from '#src/testing/recordings.ts';
import { ask } from '#src/testing/server.ts';

const times = 10;
const recording = recordings('long_ljspeech_one_voice.flac').at(-1)?.path ?? '';

/** Milliseconds since `start` until nothing runs that the server has started. */
async function untilGone(harness: ProcessHarness, start: number): Promise<number> {
  while (harness.children().length > 0) await sleep(2);
  return performance.now() - start;
}

/** Submits the recording and waits until its first words are decoded. */
async function decoding(harness: ProcessHarness, url: string): Promise<string> {
  while (harness.children().length > 0) await sleep(50);
  const id = await submitTo(url, { media: { path: basename(recording) } });
  await untilEvent(url, id, ({ progress }) => progress?.stage === 'TRANSCRIBING');
  return id;
}

const send = (url: string, name: string, id: string) =>
  ask(url, JSON.stringify({ query: `mutation { ${name}(id: "${id}") { __typename } }` }));

function line(name: string, ms: readonly number[]): number {
  const sorted = ms.toSorted((one, other) => one - other);
  const [median, worst] = [sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, sorted.at(-1) ?? Number.NaN];
  process.stdout.write(`${name.padEnd(34)} median ${median.toFixed(0)} ms   worst ${worst.toFixed(0)} ms\n`);
  return median;
}

await using harness = await openProcessHarness(null);
const url = await harness.start({ PHONOGRAPH_MEDIA_ROOTS: dirname(recording), PHONOGRAPH_STANDBY: '0' }).url;
while ((await fetch(`${url}/ready`)).status !== 200) await sleep(100);
const [gone, told, killed]: [number[], number[], number[]] = [[], [], []];
for (let count = 0; count < times; count += 1) {
  const id = await decoding(harness, url);
  const start = performance.now();
  const heard = eventsOf(url, id).then(() => performance.now() - start);
  await send(url, 'cancel', id);
  gone.push(await untilGone(harness, start));
  told.push(await heard);
}
for (let count = 0; count < times; count += 1) {
  const id = await decoding(harness, url);
  const engines = harness.children();
  const start = performance.now();
  for (const pid of engines) process.kill(pid, 'SIGKILL');
  while (harness.children().some((pid) => engines.includes(pid))) await sleep(2);
  killed.push(performance.now() - start);
  await send(url, 'cancel', id);
}
const median = line('cancel until its processes are gone', gone);
line('cancel until CANCELLED is heard', told);
const control = line('SIGKILL until they are gone', killed);
process.stdout.write(`cancel / SIGKILL, median               ${(median / control).toFixed(1)}\n`);
