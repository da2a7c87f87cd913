import assert from 'node:assert/strict';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { openStore } from '#src/store/open.ts';
import { openRandom } from '../../../testing/chaos/random.ts';
import { openTemporary } from '../../../testing/temporary.ts';
import { parseQuery } from '../../../transcripts/search/query.ts';
import { checkStory } from '../../contract/check-story.ts';
import { added, claimed, everythingOf, newBatch, newJob, quietly } from '../../contract/samples.ts';
import { anybody, cutBy, wordy } from '../../contract/speakers.ts';
import type { Store } from '../../store.ts';
import type { Lease } from '../../work.ts';

/** What tells speakers, or merges them. */
type Act = (store: Store, id: string) => Promise<unknown>;

const killsPerAct = 8;
/** Where time stands still, what is done twice is the same to the byte. */
const now = () => 1_700_000_000_000;

/** Leaves a database as a process leaves it that is killed then: what was written is in its files, and nothing else. */
function leave(file: string, copy: string): void {
  copyFileSync(file, copy);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
}

/** Does an act; `at`: hears of each of its statements. */
async function run(file: string, { act, id }: Scene, at: (statement: number) => void): Promise<void> {
  let statements = Number.NEGATIVE_INFINITY;
  await using store = await openStore({ database: file, now, onQuery: () => at((statements += 1)) });
  statements = 0;
  await act(store, id);
}

interface Scene {
  readonly act: Act;
  readonly id: string;
}

/** All that clients see of a job, and all that is kept of its transcript. */
async function look(file: string, id: string) {
  const seen = await (async () => {
    await using store = await openStore({ database: file, now });
    await store.reapDetections(0);
    await store.finishDeletions();
    await checkStory(store, id);
    const found = await store.search(parseQuery('fish'), {}, { limit: 1000 });
    const hits = found.map(({ item }) => item.segment.index).toSorted((a, b) => a - b);
    return { ...(await everythingOf(store, id)), speakers: await store.speakersOf([id]), hits };
  })();
  const db = new Sqlite(file, { readonly: true });
  const tables = ['segment', 'edit', 'edited', 'stale_edit', 'event', 'speaker', 'detection', 'search', 'search_job'];
  const kept = tables.map((table) => db.prepare(`select count(*) from ${table}`).pluck().get());
  db.close();
  return { seen, kept };
}

/** Kills it at random statements of an act: all is as before, or all is done; then it is done by the next, and the same as where nobody was killed. */
async function killAmid(directory: string, { act, id }: Scene, from: string): Promise<void> {
  const name = (what: string) => join(directory, `${act.name}-${what}.db`);
  leave(from, name('done'));
  let statements = 0;
  await run(name('done'), { act, id }, (statement) => (statements = statement));
  const random = openRandom(24);
  const points = Array.from({ length: killsPerAct }, () => 1 + Math.floor(random.below(statements)));
  leave(from, name('killed'));
  await run(name('killed'), { act, id }, (statement) => {
    if (points.includes(statement)) leave(name('killed'), name(String(statement)));
  });
  leave(from, name('before'));
  const [before, done] = [await look(name('before'), id), await look(name('done'), id)];
  assert.notDeepEqual(before.seen, done.seen);
  for (const point of points) {
    const killed = await look(name(String(point)), id);
    const isDone = killed.seen.job?.lastEventSeq === done.seen.job?.lastEventSeq;
    assert.deepEqual(killed, isDone ? done : before, `${act.name}, killed after ${point} of ${statements} statements`);
    if (isDone) continue;
    await run(name(String(point)), { act, id }, () => undefined);
    assert.deepEqual(await look(name(String(point)), id), done);
  }
}

const voices = [{ clip: 0, pieces: 'AAAA' }];
const texts = Array.from({ length: 120 }, (_, at) => `one fish ${at} red fish`);

/** A job whose engine is done, and nobody has written so. */
async function heard(file: string) {
  await using store = await openStore({ database: file, now });
  const { id } = await added(store, { options: { ...newJob().options, diarize: true } });
  const { lease } = await claimed(store);
  const segments = texts.map((text, at) => wordy(text, at * 10));
  await store.appendBatch(lease, { ...newBatch([]), segments, voices });
  return { id, lease };
}

test('speakers are told and merged wholly or not at all, wherever the process is killed, and by the next as by the first', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const { id, lease } = await heard(file);
  const completed = { kind: 'COMPLETED', processedSeconds: 1, voices: 1, ...quietly } as const;
  const fishes = (word: string) => (word === 'fish' ? '2' : word === 'red' ? '3' : '1');
  async function end(store: Store): Promise<void> {
    // The lease of a process that was killed is held by nobody else in this test.
    await store.finish(lease satisfies Lease, completed, cutBy(store, id, fishes));
  }
  await killAmid(temporary.directory, { act: end, id }, file);
  await run(file, { act: end, id }, () => undefined);
  await (async () => {
    await using store = await openStore({ database: file, now });
    await store.renameSpeaker(id, '2', 'Fisher');
    const edits = Array.from({ length: 100 }, (_, at) => ({ index: at * 5, text: 'written', speaker: '3' }));
    await store.editSegments(id, edits, null);
  })();
  async function detect(store: Store): Promise<void> {
    await store.requestDetection(id, { ...anybody, maxSpeakers: 2 });
    const claim = await store.claimDetection('test');
    assert.ok(claim);
    await store.finishDetection(
      claim.lease,
      cutBy(store, id, (word) => (word === 'fish' ? '2' : '1')),
    );
    await store.withdrawDetection(claim.lease.id);
  }
  await killAmid(temporary.directory, { act: detect, id }, file);
  const merge: Act = (store) => store.mergeSpeakers(id, { keys: ['2', '3'], into: '1' }, null);
  await killAmid(temporary.directory, { act: merge, id }, file);
});
