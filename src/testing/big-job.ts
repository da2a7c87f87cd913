import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { added, claimed, quietly } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';

/** Stores a finished job with so many events of so many letters under a data directory, as no engine could say them in a test's time. Answers its id. */
export async function storeBigJob(dataDirectory: string, events: number, letters: number): Promise<string> {
  const file = join(dataDirectory, 'phonograph.db');
  const id = await storeJob(file);
  const db = new Sqlite(file);
  const segment = { startSeconds: 0, endSeconds: 1, text: 'x'.repeat(letters), language: null, speaker: null };
  const rest = { avgLogProbability: null, noSpeechProbability: null, guard: null, words: null };
  const data = JSON.stringify({ segments: [{ index: 0, ...segment, ...rest }] });
  const insert = db.prepare(
    "insert into event (job_id, seq, time, kind, data) values (?, ?, 1700000000000, 'SEGMENTS_ADDED', ?)",
  );
  db.transaction(() => {
    const { event_seq: last } = db
      .prepare<[string], { event_seq: number }>('select event_seq from job where id = ?')
      .get(id) ?? {
      event_seq: 0,
    };
    for (let seq = last + 1; seq <= events; seq += 1) insert.run(id, seq, data);
    db.prepare('update job set event_seq = ? where id = ?').run(events, id);
  })();
  db.close();
  return id;
}

async function storeJob(file: string): Promise<string> {
  await using store = await openStore({ database: file });
  const { id } = await added(store);
  const { lease } = await claimed(store);
  await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  return id;
}
