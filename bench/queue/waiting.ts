// How much of the processor a claim, an added job, a cancel and positions take with 100,000 waiting jobs of 1,000 callers beside 1,000 of 10, in turns:
// npm run bench:queue -- [--jobs 100000] [--rounds 1000]. What a commit waits for the disk is the same for both; TMPDIR=/dev/shm leaves it out.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Sqlite from 'better-sqlite3';
import { added, claimed, quietly } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';
import { placeOf } from '#src/store/sql/jobs/order.ts';
import type { Store } from '#src/store/store.ts';
import { percentile } from '#src/testing/timing.ts';

const { values } = parseArgs({
  options: { jobs: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '1000' } },
});
const [few, many, rounds] = [1000, Number(values.jobs), Number(values.rounds)];
const jobsPerCaller = 100;
const pageSize = 20;
/** Before them nothing is compiled yet. */
const warmUpRounds = 50;

/** A queue of so many jobs, which is kept at this length. */
interface Side extends AsyncDisposable {
  readonly store: Store;
  readonly callers: number;
  readonly ids: string[];
}

const pick = (below: number) => Math.floor(Math.random() * below);

/** Waiting jobs as no client could send them in a minute, each in the round that it would have: the first lends its options. */
const fill: readonly string[] = [
  `create temp table waiting as with recursive at(n) as (select 0 union all select n + 1 from at where n + 1 < @jobs)
   select n, n % cast(@callers as integer) as caller, n / cast(@callers as integer) + 1 as round from at`,
  `insert into media (id, name, root, path, bytes, warnings)
   select format('media_%d', n), 'recording.wma', '/media', 'recording.wma', 12, '[]' from waiting`,
  `insert into job (id, number, status, tags, priority, options, media_id, api_key_id, created_at, arrival, place, needs, stage, fraction,
     processed_seconds, segment_count, crashes, event_seq, updated_at)
   select format('job_%d', n), n, 'QUEUED', '[]', 0, options, format('media_%d', n), format('caller %d', waiting.caller), n, n, @level + round, needs,
     'QUEUED', 0, 0, 0, 0, 1, n from waiting join job on job.id = @first`,
];

async function openSide(directory: string, jobs: number): Promise<Side> {
  const database = join(directory, `${jobs}.db`);
  const callers = jobs / jobsPerCaller;
  await (async () => {
    await using store = await openStore({ database });
    const first = await added(store);
    const db = new Sqlite(database);
    db.transaction(() => {
      for (const sql of fill) db.prepare(sql).run({ jobs, callers, level: placeOf(0, 0), first: first.id });
    })();
    db.close();
    await store.deleteJob(first.id);
  })();
  const store = await openStore({ database });
  const ids = Array.from({ length: jobs }, (_, job) => `job_${job}`);
  return { store, callers, ids, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** What is measured, in the order in which it is done; what it takes away comes again. */
const acts: Readonly<Record<string, (side: Side) => Promise<unknown>>> = {
  claim: async ({ store }) => claims.push([store, await claimed(store)]),
  add: async ({ store, callers, ids }) => ids.push((await added(store, { callerId: `caller ${pick(callers)}` })).id),
  cancel: ({ store, ids }) => store.cancel(ids.splice(pick(ids.length), 1)[0] ?? ''),
  [`positions of ${pageSize}`]: ({ store, ids }) =>
    store.queuePositions(Array.from({ length: pageSize }, () => ids[pick(ids.length)] ?? '')),
  'position of the newest': ({ store, ids }) => store.queuePositions([ids.at(-1) ?? '']),
};

const claims: [Store, Awaited<ReturnType<typeof claimed>>][] = [];

async function measure(sides: readonly Side[]): Promise<ReadonlyMap<string, readonly number[][]>> {
  const times = new Map(Object.keys(acts).map((name) => [name, sides.map((): number[] => [])]));
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const [at, side] of sides.entries()) {
      for (const [name, act] of Object.entries(acts)) {
        const start = process.cpuUsage();
        await act(side);
        const { user, system } = process.cpuUsage(start);
        if (round >= 0) times.get(name)?.[at]?.push((user + system) / 1000);
      }
      // The one that was claimed is over, and another comes for the one that was cancelled.
      for (const [store, { lease }] of claims.splice(0)) await store.finish(lease, { kind: 'CANCELLED', ...quietly });
      side.ids.push((await added(side.store, { callerId: `caller ${pick(side.callers)}` })).id);
    }
  }
  return times;
}

const directory = await mkdtemp(join(tmpdir(), 'phonograph-bench-'));
try {
  await using small = await openSide(directory, few);
  await using large = await openSide(directory, many);
  const times = await measure([small, large]);
  const heads = [`${few} wait`, `${many} wait`, 'ratio'].map((text) => text.padEnd(18));
  process.stdout.write(`${'p50 / p99, ms of processor'.padEnd(28)} ${heads.join(' ')}\n`);
  for (const [name, [one = [], other = []]] of times) {
    const shares = [0.5, 0.99] as const;
    const texts = [one, other].map((each) => shares.map((share) => percentile(each, share).toFixed(2)).join(' / '));
    texts.push(shares.map((share) => (percentile(other, share) / percentile(one, share)).toFixed(2)).join(' / '));
    process.stdout.write(`${name.padEnd(28)} ${texts.map((text) => text.padEnd(18)).join(' ')}\n`);
  }
} finally {
  await rm(directory, { recursive: true });
}
