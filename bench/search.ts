// How long a search takes among 1,000,000 segments and among 10,000, with words that are everywhere, rare ones, several, phrases, parts and
// beginnings of words, and Japanese; and how long the event loop stands still meanwhile: npm run bench:search -- [--many 1000000] [--few 10000] [--queries 200] [--keep DIR]
// To fill the larger database takes seven minutes; kept in a folder it serves another run.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { added, claimed, newSegment, progressAt, quietly } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';
import type { Store } from '#src/store/store.ts';
import { openSpeech, type Speech } from '#src/testing/speech.ts';
import { percentile } from '#src/testing/timing.ts';
import { parseQuery } from '#src/transcripts/search/query.ts';

const { values } = parseArgs({
  options: {
    many: { type: 'string', default: '1000000' },
    few: { type: 'string', default: '10000' },
    queries: { type: 'string', default: '200' },
    keep: { type: 'string' },
  },
});
const [segmentsPerJob, segmentsPerBatch] = [500, 50];

/** What is looked for, by what it shows. */
const kinds: Readonly<Record<string, (speech: Speech) => string>> = {
  'a frequent word': (speech) => speech.word(20),
  'a word': (speech) => speech.word(),
  'a rare word': (speech) => speech.rareWord(),
  'two words': (speech) => `${speech.word(200)} ${speech.word()}`,
  'a phrase': (speech) => `"${speech.sentence().split(' ').slice(2, 4).join(' ')}"`,
  'a part': (speech) => speech.rareWord().slice(0, 6),
  'beginning, 3*': (speech) => `${speech.word(200).slice(0, 3)}*`,
  'beginning, 4*': (speech) => `${speech.word(200).slice(0, 4)}*`,
  'beginning, 5*': (speech) => `${speech.word(200).slice(0, 5)}*`,
  'Japanese, 2': (speech) => speech.japanese().slice(3, 5),
  'Japanese, 4': (speech) => speech.japanese().slice(3, 7),
};

interface House extends AsyncDisposable {
  readonly store: Store;
}

/** A database with so many segments: filled, unless it was kept. */
async function openHarness(segments: number): Promise<House> {
  const directory = values.keep ?? (await mkdtemp(join(tmpdir(), 'phonograph-search-')));
  const file = join(directory, `${segments}.db`);
  const isKept = existsSync(file);
  const store = await openStore({ database: file });
  if (!isKept) await tellFill(store, segments, file);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      if (values.keep === undefined) await rm(directory, { recursive: true });
    },
  };
}

async function tellFill(store: Store, segments: number, file: string): Promise<void> {
  const began = performance.now();
  const worst = await fill(store, segments);
  const perSecond = segments / ((performance.now() - began) / 1000);
  const bytes = (await stat(file)).size / segments;
  process.stdout.write(
    `${segments} segments, ${perSecond.toFixed(0)} stored a second, ${bytes.toFixed(0)} bytes each in all; longest batch of ${segmentsPerBatch} ${worst.toFixed(0)} ms\n`,
  );
}

/** Stores finished jobs with so many segments; the longest time that a batch took, in milliseconds. */
async function fill(store: Store, segments: number): Promise<number> {
  const speech = openSpeech(1);
  let worst = 0;
  for (let stored = 0; stored < segments; stored += segmentsPerJob) {
    await added(store);
    const { lease } = await claimed(store);
    for (let inJob = 0; inJob < segmentsPerJob; inJob += segmentsPerBatch) {
      const said = Array.from({ length: segmentsPerBatch }, (_, at) => ({
        ...newSegment(speech.next(), inJob + at),
        words: null,
      }));
      const start = performance.now();
      await store.appendBatch(lease, { segments: said, checkpoint: null, progress: progressAt(0.5) });
      worst = Math.max(worst, performance.now() - start);
    }
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    if (stored % 100_000 === 0) process.stderr.write(`${stored} segments\n`);
  }
  return worst;
}

/** What one query took of this thread, however busy the machine is: an upper bound of how long it stands still for it. */
let mostCpuMs = 0;
/** The longest that the event loop stood still for a query; what the bench itself computes between two does not count. */
let longestBlockMs = 0;
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

/** Milliseconds that each query took in each of the two houses, in turn. */
async function measure(pair: readonly [House, House], ask: (speech: Speech) => string): Promise<[number[], number[]]> {
  const speech = openSpeech(2);
  const times: [number[], number[]] = [[], []];
  for (let count = 0; count < Number(values.queries); count += 1) {
    const query = parseQuery(ask(speech));
    for (const [which, { store }] of pair.entries()) {
      delay.reset();
      const [start, cpu] = [performance.now(), process.threadCpuUsage()];
      await store.search(query, {}, { limit: 21 });
      times[which]?.push(performance.now() - start);
      const { user, system } = process.threadCpuUsage(cpu);
      mostCpuMs = Math.max(mostCpuMs, (user + system) / 1000);
      await sleep(3); // A block is known with the next tick after it.
      longestBlockMs = Math.max(longestBlockMs, delay.max / 1e6);
    }
  }
  return times;
}

function tell(name: string, [few, many]: readonly [readonly number[], readonly number[]]): void {
  const cells = [percentile(few, 0.5), percentile(few, 0.99), percentile(many, 0.5), percentile(many, 0.99)].map((ms) =>
    ms.toFixed(1).padStart(7),
  );
  const ratio = (percentile(many, 0.99) / percentile(few, 0.99)).toFixed(2);
  process.stdout.write(
    `${name.padEnd(18)} few p50/p99${cells[0]} ${cells[1]} ms   many${cells[2]} ${cells[3]} ms   p99 many/few ${ratio}\n`,
  );
}

await using few = await openHarness(Number(values.few));
await using many = await openHarness(Number(values.many));
await measure([few, many], (speech) => speech.word());
// The control: what a busy machine does to a thread that only waits.
delay.reset();
await sleep(20_000);
const idleMs = delay.max / 1e6;
mostCpuMs = longestBlockMs = 0;
const all: [number[], number[]] = [[], []];
for (const [name, ask] of Object.entries(kinds)) {
  const times = await measure([few, many], ask);
  tell(name, times);
  for (const which of [0, 1] as const) all[which].push(...times[which]);
}
tell('all of these', all);
process.stdout.write(
  `longest block of the event loop ${longestBlockMs.toFixed(1)} ms, while nothing was searched ${idleMs.toFixed(1)} ms; most time of its core for a query ${mostCpuMs.toFixed(1)} ms\n`,
);
