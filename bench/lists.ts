// How long look-ups, lists, filters and counts take with a million jobs beside a thousand, in turns, and the longest that one of them holds
// everybody else up with a million; then pages of segments, the first beside the last: npm run bench:lists -- [--jobs 1000000]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type DocumentNode, execute, parse } from 'graphql';
import { openLoaders } from '#resolvers/loaders.ts';
import { schema } from '#schema/index.ts';
import { anybody } from '#src/config/api-key.ts';
import { openStore } from '#src/store/open.ts';
import { idOf, storeManyJobs } from '#src/testing/many-jobs.ts';
import { longestBlock, percentile, timesOf } from '#src/testing/timing.ts';

const { values } = parseArgs({ options: { jobs: { type: 'string', default: '1000000' } } });
const [few, many] = [1000, Number(values.jobs)];
const segments = 50_000;
const pageSize = 25;

type Variables = Readonly<Record<string, unknown>>;

/** A database of so many jobs, and what answers from it. */
interface Side extends AsyncDisposable {
  readonly jobs: number;
  readonly ask: (document: DocumentNode, variables: Variables) => Promise<void>;
}

const job = parse(
  'query ($id: ID!) { job(id: $id) { status title tags media { name } progress { fraction } attempts { number } } }',
);
const page = parse(
  'query ($filter: JobFilter) { jobs(filter: $filter, first: 20) { pageInfo { hasNextPage } edges { node { id title } } } }',
);
const count = parse('query ($filter: JobFilter) { jobs(filter: $filter, first: 1) { totalCount } }');
const segmentPage = parse(
  `query ($id: ID!, $after: String) { job(id: $id) { segments(first: ${pageSize}, after: $after) { edges { node { text } } } } }`,
);

const filters: Readonly<Record<string, Variables>> = {
  'no filter': {},
  'status of few': { status: ['FAILED'] },
  'tag of few': { tag: 'rare' },
  'tag of all': { tag: 'radio' },
  'tag of none': { tag: 'absent' },
  'title of few': { titleContains: 'zebra' },
  'title of all': { titleContains: 'interview' },
  'title of none': { titleContains: 'giraffe' },
  'title of none, in letters of all': { titleContains: 'terviewinter' },
  'recording of few': { mediaNameContains: '-0000003' },
  'title of all, status of few': { titleContains: 'with', status: ['FAILED'] },
  'tag of all, title of few': { tag: 'radio', titleContains: 'zebra' },
  'time of few': { createdBefore: new Date(1_700_000_005_000) },
  'two letters of none': { titleContains: 'qq' },
};
/** Those whose `totalCount` is asked for, too. */
const counted = [
  'no filter',
  'status of few',
  'tag of few',
  'tag of all',
  'title of few',
  'title of all',
  'two letters of none',
];

async function openSide(directory: string, jobs: number): Promise<Side> {
  const file = join(directory, `${jobs}.db`);
  const start = performance.now();
  await storeManyJobs(file, { jobs, segments });
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(`${jobs} jobs and ${segments} segments stored in ${seconds.toFixed(0)} s\n`);
  const store = await openStore({ database: file });
  const contextValue = { store, loaders: openLoaders(store), caller: anybody };
  return {
    jobs,
    async ask(document, variableValues) {
      const { errors } = await execute({ schema, document, contextValue, variableValues });
      if (errors !== undefined) throw new Error(errors.join('\n'));
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** A line with the times of one and of another, and how many times as long the other takes. */
function tell(name: string, [one = [], other = []]: readonly (readonly number[])[], more = ''): void {
  const figures = [one, other].map(
    (times) => `${percentile(times, 0.5).toFixed(2)} / ${percentile(times, 0.99).toFixed(2)}`,
  );
  const ratios = [0.5, 0.99].map((share) => (percentile(other, share) / percentile(one, share)).toFixed(2));
  const columns = [...figures, ratios.join(' / ')].map((text) => text.padEnd(20));
  process.stdout.write(`${name.padEnd(44)} ${columns.join(' ')} ${more}\n`);
}

const directory = await mkdtemp(join(tmpdir(), 'phonograph-bench-'));
try {
  await using small = await openSide(directory, few);
  await using large = await openSide(directory, many);
  const heads = [`${few} jobs`, `${many} jobs`, 'ratio'].map((text) => text.padEnd(20));
  process.stdout.write(`${'p50 / p99, ms'.padEnd(44)} ${heads.join(' ')} longest block\n`);
  const compare = async (name: string, document: DocumentNode, variables: (jobs: number) => Variables) => {
    const ask = (side: Side) => () => side.ask(document, variables(side.jobs));
    tell(name, await timesOf(ask(small), ask(large)), `${(await longestBlock(ask(large))).toFixed(0)} ms`);
  };
  await compare('job', job, (jobs) => ({ id: idOf(Math.floor(Math.random() * jobs)) }));
  for (const [name, filter] of Object.entries(filters)) await compare(`page: ${name}`, page, () => ({ filter }));
  for (const name of counted) await compare(`totalCount: ${name}`, count, () => ({ filter: filters[name] }));
  const id = idOf(many - 1);
  const after = Buffer.from(`segments:${id}\n${segments - pageSize - 1}`).toString('base64url');
  const ask = (variables: Variables) => () => large.ask(segmentPage, variables);
  tell(`segments: page 1 and page ${segments / pageSize}`, await timesOf(ask({ id }), ask({ id, after })));
  const idle = await longestBlock(() => sleep(1000));
  process.stdout.write(`longest block while nothing is asked for a second: ${idle.toFixed(0)} ms\n`);
} finally {
  await rm(directory, { recursive: true });
}
