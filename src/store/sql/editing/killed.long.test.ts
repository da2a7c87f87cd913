import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '../../../testing/temporary.ts';
import { parseQuery } from '../../../transcripts/search/query.ts';
import { checkStory } from '../../contract/check-story.ts';
import { added, claimed, newBatch, quietly } from '../../contract/samples.ts';

/** Does an act on a store in a process of its own, which is killed after so many statements; prints how many there were. */
const program = `
  import { openStore } from '#src/store/open.ts';
  const [database, act, id, last] = process.argv.slice(1);
  let statements = 0;
  const onQuery = () => (statements += 1) === Number(last) && process.kill(process.pid, 'SIGKILL');
  await using store = await openStore({ database, onQuery });
  const from = statements;
  const words = ' and so on'.repeat(40);
  const edits = Array.from({ length: 250 }, (_, index) => ({ index, text: 'written ' + index + words, speaker: '1' }));
  await (act === 'edit' ? store.editSegments(id, edits, null) : store.revertSegments(id, null, null));
  console.log(from, statements);
`;

/** The statements with which the act began and ended; null where it was killed. */
async function run(file: string, act: string, { id, last = 0 }: { readonly id: string; readonly last?: number }) {
  return new Promise<readonly number[] | null>((resolve, reject) => {
    const args = ['--input-type=module', '-e', program, file, act, id, String(last)];
    execFile(process.execPath, args, { cwd: join(import.meta.dirname, '../../../..') }, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve(null);
      else if (error) reject(new Error(stderr));
      else resolve(stdout.trim().split(' ').map(Number));
    });
  });
}

/** Whether all is edited or nothing is; the store must say the same everywhere, and leave nothing. */
async function look(file: string, id: string): Promise<'EDITED' | 'HEARD'> {
  const job = await (async () => {
    await using store = await openStore({ database: file });
    await store.finishDeletions();
    await checkStory(store, id);
    const segments = await store.segments(id, { limit: 1000 });
    const changed = segments.filter(({ item }) => item.originalText !== undefined);
    assert.ok(changed.length === 0 || changed.length === 250, `${changed.length} segments are edited`);
    const found = await Promise.all(
      ['written', 'segment'].map((word) => store.search(parseQuery(word), {}, { limit: 1000 })),
    );
    assert.deepEqual(
      found.map((hits) => hits.length),
      [changed.length, 300 - changed.length],
    );
    assert.equal((await store.speakersOf([id]))[0]?.length, changed.length === 0 ? 0 : 1);
    return store.job(id);
  })();
  assert.ok(job);
  const db = new Sqlite(file, { readonly: true });
  const count = (table: string) => db.prepare(`select count(*) from ${table}`).pluck().get();
  assert.deepEqual(['edit', 'edited', 'stale_edit', 'event'].map(count), [
    job.edited ? 250 : 0,
    job.edited ? 250 : 0,
    0,
    job.lastEventSeq,
  ]);
  db.close();
  return job.edited ? 'EDITED' : 'HEARD';
}

test('many edits, and their reversal, are all there or not at all wherever the process is killed, and are done by the next', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const id = await (async () => {
    await using store = await openStore({ database: file });
    const job = await added(store);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(Array.from({ length: 300 }, (_, index) => `segment ${index}`)));
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    return job.id;
  })();
  const acts = { edit: 'EDITED', revert: 'HEARD' } as const;
  const statements = new Map<string, readonly number[]>();
  for (const act of ['edit', 'revert'] as const) {
    statements.set(act, (await run(file, act, { id })) ?? assert.fail());
    assert.equal(await look(file, id), acts[act]);
  }
  for (const act of ['edit', 'revert'] as const) {
    const [from = 0, to = 0] = statements.get(act) ?? [];
    let done = false;
    for (const share of [0.2, 0.6]) {
      assert.equal(await run(file, act, { id, last: Math.ceil(from + (to - from) * share) }), null);
      done = (await look(file, id)) === acts[act];
      if (done) break;
    }
    if (!done) assert.ok(await run(file, act, { id }));
    assert.equal(await look(file, id), acts[act]);
  }
});
