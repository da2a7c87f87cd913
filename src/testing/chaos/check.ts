import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { eventsOf, type SeenEvent } from '../follow.ts';
import { ask } from '../server.ts';
import type { Story } from './client.ts';
import type { KillableServer } from './server.ts';

/** The transcript of each recording, as an undisturbed server makes it. */
export type Expected = ReadonlyMap<string, string>;

/** Everything of a transcript, as text. */
export async function transcriptOf(url: string, id: string): Promise<string> {
  const query = `{ job(id: "${id}") { transcript(format: VTT) segments(first: 1000) { edges { node { index startSeconds endSeconds text language } } } } }`;
  const { data } = await ask(url, JSON.stringify({ query }));
  return JSON.stringify(data.job);
}

/** Proves that clients, server and database agree on every job, then ends the server and proves that it leaves nothing. */
export async function checkAll(server: KillableServer, stories: readonly Story[], expected: Expected) {
  for (const story of stories) await checkStory(server.url, story, expected);
  const { code, stderr } = await server.stop();
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(server.harness.children(), []);
  const data = join(server.harness.directory, 'data');
  assert.deepEqual(await readdir(join(data, 'uploads')), []);
  const attempts = checkDatabase(join(data, 'phonograph.db'), stories.length + expected.size);
  return {
    jobs: stories.length,
    events: stories.reduce((sum, { events }) => sum + events.length, 0),
    cancelled: stories.filter(({ cancelled }) => cancelled).length,
    attempts,
  };
}

/** Proves that a job is what its client has seen, without a gap, and its transcript that of an undisturbed run. */
export async function checkStory(
  url: string,
  { id, recording, events, cancelled }: Story,
  expected: Expected,
): Promise<void> {
  assert.deepEqual(await eventsOf(url, id), events, 'a replay says what the client has heard');
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  assert.equal(events.at(-1)?.status, cancelled ? 'CANCELLED' : 'COMPLETED', JSON.stringify(events));
  const heard = textsOf(events);
  if (!cancelled) {
    const transcript = await transcriptOf(url, id);
    assert.equal(transcript, expected.get(recording));
    const { segments } = JSON.parse(transcript);
    assert.deepEqual(
      heard,
      segments.edges.map(({ node }: { readonly node: { readonly text: string } }) => node.text),
    );
  }
}

/** The transcript as the events alone tell it. */
function textsOf(events: readonly SeenEvent[]): readonly string[] {
  let texts: string[] = [];
  for (const { __typename, segments = [] } of events) {
    if (__typename === 'JobTranscriptCleared') texts = [];
    texts.push(...segments.map(({ text }) => text));
  }
  return texts;
}

/** Reads the database that is left; the number of attempts. */
function checkDatabase(file: string, jobs: number): number {
  const db = new Sqlite(file, { readonly: true });
  const read = (sql: string): unknown => db.prepare(sql).pluck().get();
  try {
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    assert.deepEqual(db.pragma('foreign_key_check'), []);
    assert.equal(read('select count(*) from job'), jobs, 'no job twice, none lost');
    assert.equal(read('select count(*) from attempt where finished_at is null'), 0);
    assert.equal(read('select count(*) from job where event_seq <> (select count(*) from event where job_id = id)'), 0);
    return Number(read('select count(*) from attempt'));
  } finally {
    db.close();
  }
}
