// How long it takes to correct a transcript, of a hundred segments and of many, and the longest that it holds everybody else up: one segment, 500 of them, and
// all of them back to what the engine heard; the same of telling speakers apart, again, and merging them; then the migration of as many segments as a million:
// npm run bench:editing -- [--segments 50000] [--told 20000] [--migrated 1000000]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { edits as editTables } from '#migrations/0019-edits.ts';
import type { NewSegment } from '#src/jobs/transcript.ts';
import { added, claimed, newJob, newSegment, progressAt, quietly } from '#src/store/contract/samples.ts';
import { cutBy } from '#src/store/contract/speakers.ts';
import { openStore } from '#src/store/open.ts';
import type { Store } from '#src/store/store.ts';
import { percentile, timesOf } from '#src/testing/timing.ts';

const { values } = parseArgs({
  options: {
    segments: { type: 'string', default: '50000' },
    told: { type: 'string', default: '20000' },
    migrated: { type: 'string', default: '1000000' },
  },
});
const many = Number(values.segments);
const segmentsPerBatch = 500;
const words = 'ask not what your country can do for you but what you can do'.split(' ');
const { options } = newJob();

/** A segment of two channels with a dozen words, as the engine brings them. */
function segmentAt(index: number): NewSegment {
  const segment = newSegment(words.join(' '), index);
  const speaker = String(1 + (index % 2));
  const step = 1 / words.length;
  return {
    ...segment,
    speaker,
    words: words.map((text, at) => ({
      startSeconds: index + at * step,
      endSeconds: index + (at + 1) * step,
      text,
      probability: 0.9,
      speaker,
    })),
  };
}

async function storeJob(store: Store, segments: number): Promise<string> {
  const { id } = await added(store, { options: { ...options, channels: 'SPLIT' } });
  const { lease } = await claimed(store);
  for (let from = 0; from < segments; from += segmentsPerBatch) {
    const count = Math.min(segmentsPerBatch, segments - from);
    const batch = Array.from({ length: count }, (_, at) => segmentAt(from + at));
    await store.appendBatch(lease, { segments: batch, checkpoint: null, progress: progressAt(0.5) });
  }
  await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  return id;
}

function report(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** How long an act takes, and the longest that it holds everybody else up: in time of the processor, since what else the machine does is no matter of it. */
async function measure(name: string, act: () => Promise<unknown>): Promise<void> {
  const turns: number[] = [];
  const end = new AbortController();
  const watching = (async () => {
    for (let before = process.threadCpuUsage(); !end.signal.aborted; before = process.threadCpuUsage()) {
      await nextTurn();
      const { user, system } = process.threadCpuUsage(before);
      turns.push((user + system) / 1000);
    }
  })();
  const start = performance.now();
  await act();
  const seconds = (performance.now() - start) / 1000;
  end.abort();
  await watching;
  const sorted = turns.toSorted((a, b) => a - b);
  const [usual, longest] = [percentile(sorted, 0.99), sorted.at(-1) ?? 0];
  report(
    `${name}: ${seconds.toFixed(2)} s; others wait ${usual.toFixed(0)} ms (99 %), ${longest.toFixed(0)} ms at most`,
  );
}

const directory = await mkdtemp(join(tmpdir(), 'phonograph-'));
try {
  const file = join(directory, 'phonograph.db');
  await (async () => {
    await using store = await openStore({ database: file });
    const [small, large] = [await storeJob(store, 100), await storeJob(store, many)];
    let count = 0;
    const edit = (id: string, index: number) =>
      store.editSegments(id, [{ index, text: words.with(3, `our${(count += 1)}`).join(' ') }], null);
    const [few = [], all = []] = await timesOf(
      () => edit(small, count % 100),
      () => edit(large, (count * 7919) % many),
    );
    report(
      `one segment of 100: ${percentile(few, 0.5).toFixed(2)} ms; of ${many}: ${percentile(all, 0.5).toFixed(2)} ms (medians)`,
    );
    const text = `${'internationalisation '.repeat(470)}end`;
    const long = Array.from({ length: 100 }, (_, index) => ({ index, text }));
    await measure('100 segments of 9,900 letters', () => store.editSegments(large, long, null));
    await measure(`all ${many} segments, 500 at a time`, async () => {
      for (let from = 0; from < many; from += 500) {
        const edits = Array.from({ length: Math.min(500, many - from) }, (_, at) => ({
          index: from + at,
          text: words.with(at % words.length, 'corrected').join(' '),
        }));
        await store.editSegments(large, edits, null);
      }
    });
    await measure(`all ${many} segments back`, () => store.revertSegments(large, null, null));
    const job = await store.job(large);
    await measure('all events of it, read by 25', async () => {
      for (let seq = 0; seq < (job?.lastEventSeq ?? 0);) {
        seq = (await store.events(large, seq, 25)).at(-1)?.seq ?? Number.POSITIVE_INFINITY;
        await nextTurn();
      }
    });
  })();
  await migrateMany(file, Number(values.migrated));
  await tellMany(join(directory, 'told.db'), Number(values.told));
} finally {
  await rm(directory, { recursive: true });
}

/** Takes the tables of migration 0019 away and has them made again, with the speakers of so many segments. */
async function migrateMany(file: string, segments: number): Promise<void> {
  const db = new Sqlite(file);
  const { id, jobs } = db
    .prepare<[number], { id: string; jobs: number }>(
      `select id, ? / segment_count as jobs from job order by segment_count desc limit 1`,
    )
    .get(segments) ?? { id: '', jobs: 0 };
  const columns = (table: string, without: string) =>
    db
      .prepare<[string, string], string>('select name from pragma_table_info(?) where name not in (?)')
      .pluck()
      .all(table, without)
      .map((name) => `"${name}"`)
      .join(', ');
  const [ofJob, ofSegment] = [columns('job', 'id').replace('"number", ', ''), columns('segment', 'job_id')];
  for (let job = 1; job < jobs; job += 1) {
    const copy = `job_${job}`;
    db.prepare(`insert into job (id, number, ${ofJob}) select ?, number + ?, ${ofJob} from job where id = ?`).run(
      copy,
      job,
      id,
    );
    db.prepare(`insert into segment (job_id, ${ofSegment}) select ?, ${ofSegment} from segment where job_id = ?`).run(
      copy,
      id,
    );
  }
  for (const table of ['edit', 'edited', 'stale_edit', 'speaker']) db.exec(`drop table ${table}`);
  const migrated = new Kysely<unknown>({ dialect: new SqliteDialect({ database: db }) });
  await measure(`migration of ${jobs * many} segments of ${jobs} jobs, each channel a speaker`, () =>
    migrated.transaction().execute((tx) => editTables.up(tx)),
  );
  await migrated.destroy();
}

/** Of a job with diarize whose engine has heard so many segments, each of which two speakers share in five parts. */
async function tellMany(file: string, segments: number): Promise<void> {
  await using store = await openStore({ database: file });
  const { id } = await added(store, { options: { ...options, diarize: true } });
  const { lease } = await claimed(store);
  for (let from = 0; from < segments; from += segmentsPerBatch) {
    const count = Math.min(segmentsPerBatch, segments - from);
    const batch = Array.from({ length: count }, (_, at) => segmentAt(from + at));
    const voices = [{ clip: from, pieces: 'AAAA' }];
    await store.appendBatch(lease, { segments: batch, voices, checkpoint: null, progress: progressAt(0.5) });
  }
  const ofTwo = cutBy(store, id, (word) => (word.length > 3 ? '1' : '2'));
  const ofThree = cutBy(store, id, (word) => (word === 'country' ? '3' : word.length > 3 ? '1' : '2'));
  const completed = {
    kind: 'COMPLETED',
    processedSeconds: 1,
    voices: segments / segmentsPerBatch,
    ...quietly,
  } as const;
  await measure(`the end of a job with ${segments} segments, its speakers told`, () =>
    store.finish(lease, completed, ofTwo),
  );
  const told = (await store.job(id))?.segmentCount ?? 0;
  report(`${told} segments then`);
  const again = async (cut: typeof ofTwo) => {
    await store.requestDetection(id, { minSpeakers: null, maxSpeakers: null });
    const claim = await store.claimDetection('bench');
    if (claim !== null) await store.finishDetection(claim.lease, cut);
  };
  await measure('told again', () => again(ofThree));
  await store.renameSpeaker(id, '1', 'Kennedy');
  for (let from = 0; from < told; from += 50 * 500) {
    const edits = Array.from({ length: 500 }, (_, at) => ({ index: from + at * 50, text: 'written anew' }));
    await store.editSegments(
      id,
      edits.filter(({ index }) => index < told),
      null,
    );
  }
  await measure('told again, with names and edits', () => again(ofTwo));
  await measure('two merged', () => store.mergeSpeakers(id, { keys: ['2'], into: '1' }, null));
  await measure('told again after it', () => again(ofThree));
  await measure('deleted', () => store.deleteJob(id));
}
