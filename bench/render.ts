// How long the event loop is held while a transcript of 50,000 segments is rendered as the server does it, some segments at a time, and in one go.
// Prints the longest delay of each, and the most work in one turn of the loop (CPU time, which other programs do not lengthen), in milliseconds, and the
// ratio of that work, all from one run: npm run bench:render
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTranscript } from '#resolvers/transcript.ts';
import type { Job } from '#src/jobs/job.ts';
import { type Segment, type TranscriptFormat, transcriptFormats } from '#src/jobs/transcript.ts';
import { added, claimed, newSegment, progressAt } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';
import type { Store } from '#src/store/store.ts';
import { transcript } from '#src/testing/transcripts.ts';
import { render } from '#src/transcripts/render/render.ts';

const count = 50_000;
const settleMs = 20; // many times the resolution: a delay is noted when it is over
const text = 'Ask not what your country can do for you, ask what you can do for your country.';

async function storeJob(store: Store): Promise<Job> {
  const { id } = await added(store);
  const { lease } = await claimed(store);
  const segments = Array.from({ length: count }, (_, at) => newSegment(text, at));
  await store.appendBatch(lease, { segments, checkpoint: {}, progress: progressAt(0.5) });
  const job = await store.job(id);
  if (job === null) throw new Error('the job was not stored');
  return job;
}

interface Held {
  readonly delayMs: number;
  readonly workMs: number;
}

/** How long the event loop is held at most by a piece of work. */
async function measure(work: () => Promise<unknown>): Promise<Held> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const turns = watchTurns();
  delay.enable();
  await sleep(settleMs);
  await work();
  await sleep(settleMs);
  delay.disable();
  return { delayMs: delay.max / 1e6, workMs: turns.stop() };
}

function watchTurns() {
  let [before, most] = [process.threadCpuUsage(), 0];
  const look = () => {
    const { user, system } = process.threadCpuUsage(before);
    most = Math.max(most, (user + system) / 1000);
    before = process.threadCpuUsage();
    next = setImmediate(look);
  };
  let next = setImmediate(look);
  return {
    stop() {
      clearImmediate(next);
      return most;
    },
  };
}

async function readAtOnce(job: Job, format: TranscriptFormat, store: Store): Promise<string> {
  const page = await store.segments(job.id, { limit: count });
  const segments: readonly Segment[] = page.map(({ item }) => item);
  return (await Array.fromAsync(render(format, transcript(segments)))).join('');
}

await using store = await openStore({ database: ':memory:' });
const job = await storeJob(store);
for (const format of transcriptFormats) {
  const sliced = await measure(() => readTranscript(job, { format }, { store }));
  const atOnce = await measure(() => readAtOnce(job, format, store));
  const [slices, whole] = [sliced, atOnce].map(
    ({ delayMs, workMs }) => `delay ${delayMs.toFixed(0).padStart(5)} ms, work ${workMs.toFixed(0).padStart(5)} ms`,
  );
  const ratio = (sliced.workMs / atOnce.workMs).toFixed(3);
  process.stdout.write(`${format.padEnd(5)} in slices: ${slices}   at once: ${whole}   work ratio ${ratio}\n`);
}
