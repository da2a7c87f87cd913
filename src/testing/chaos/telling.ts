import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { followThrough } from '../follow-through.ts';
import { ask } from '../server.ts';
import { askThrough } from './client.ts';
import { openRandom } from './random.ts';
import { type KillableServer, openKillableServer } from './server.ts';

/** How often, and when. */
export interface TellingChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
}

/** What came of what was killed, each right. */
export interface TellingChaosReport {
  /** Acts that were killed before anything of them stood, and after all of it did. */
  readonly undone: number;
  readonly done: number;
}

/** As long as telling the speakers of three segments takes, with the start of an engine, and a little longer; a merge takes milliseconds. */
const maxPauseMs = 700;

/**
 * Kills a server at random moments while jobs end with their speakers, are told again and merged, in turns: after the next start a transcript is wholly as before or
 * wholly new, its events have no gap, and what was not done is done when it is asked for again.
 */
export async function tellingChaos({ kills, seed, tell }: TellingChaosOptions): Promise<TellingChaosReport> {
  await using server = await openKillableServer('speaks');
  const over = new AbortController();
  const scene: Scene = { server, signal: over.signal };
  const random = openRandom(seed);
  const counts = { undone: 0, done: 0 };
  try {
    const id = await submit(scene, 'first');
    await checkEnd(scene, id);
    for (let kill = 0; kill < kills; kill += 1) {
      const act = acts[kill % acts.length] ?? assert.fail();
      const isDone = await act({ ...scene, id, kill, pauseMs: random.below(maxPauseMs) });
      counts[isDone ? 'done' : 'undone'] += 1;
      tell?.(`${kill + 1} of ${kills}: ${act.name} ${isDone ? 'done' : 'undone'}`);
    }
    return counts;
  } finally {
    over.abort();
  }
}

interface Scene {
  readonly server: KillableServer;
  readonly signal: AbortSignal;
}

interface Round extends Scene {
  readonly id: string;
  /** How many there were before. */
  readonly kill: number;
  readonly pauseMs: number;
}

/** Whether the act that was killed stands afterwards. */
type KilledAct = (round: Round) => Promise<boolean>;

const acts: readonly KilledAct[] = [detect, merge, end];

async function detect(round: Round): Promise<boolean> {
  const maxSpeakers = 2 + (round.kill % 19);
  return change(round, `detectSpeakers(jobId: "${round.id}", maxSpeakers: ${maxSpeakers})`);
}

async function merge(round: Round): Promise<boolean> {
  const { speakers } = await look(round);
  if (speakers.length === 1) await change({ ...round, pauseMs: 0 }, `detectSpeakers(jobId: "${round.id}")`);
  return change(
    { ...round, pauseMs: round.pauseMs / 20 },
    `mergeSpeakers(jobId: "${round.id}", keys: ["2"], into: "1")`,
  );
}

/** Has the server killed amid a mutation, and the mutation done afterwards where it was not. */
async function change(round: Round, mutation: string): Promise<boolean> {
  const before = await look(round);
  const query = `mutation { ${mutation} { __typename ... on Error { message } } }`;
  const asking = ask(round.server.url, JSON.stringify({ query })).catch(() => null);
  await sleep(round.pauseMs);
  await round.server.kill();
  await asking;
  const after = await look(round);
  const events = await Array.fromAsync(followThrough(round.server.url, round.id, { signal: round.signal }));
  assert.equal(events.length, after.lastEventSeq);
  if (after.lastEventSeq !== before.lastEventSeq) return true;
  assert.deepEqual(after, before);
  const { data } = await askThrough(round.server.url, { query }, round.signal);
  const [answer] = Object.values<{ readonly __typename: string }>(data);
  assert.equal(answer?.__typename, 'DetectSpeakersSuccess');
  assert.ok((await look(round)).lastEventSeq > before.lastEventSeq);
  return false;
}

/** A job that ends; it goes on with the next start. */
async function end(round: Round): Promise<boolean> {
  const id = await submit(round, `end ${round.kill}`);
  await sleep(round.pauseMs);
  await round.server.kill();
  const { status } = await look({ ...round, id });
  await checkEnd(round, id);
  return status === 'COMPLETED';
}

async function submit({ server, signal }: Scene, idempotencyKey: string): Promise<string> {
  const input = { media: { path: 'speech.wav' }, diarize: true, idempotencyKey };
  const query =
    'mutation ($input: TranscribeInput!) { transcribe(input: $input) { ... on TranscribeSuccess { job { id } } } }';
  return (await askThrough(server.url, { query, variables: { input } }, signal)).data.transcribe.job.id;
}

async function checkEnd(scene: Scene, id: string): Promise<void> {
  await Array.fromAsync(followThrough(scene.server.url, id, { signal: scene.signal }));
  const { status, lines } = await look({ ...scene, id });
  assert.deepEqual([status, lines], ['COMPLETED', ['1: one', '2: two', '1: three']]);
}

const fields = `status lastEventSeq edited options { maxSpeakers } speakers { key speakingSeconds }
  segments(first: 100) { edges { node { speaker text } } }`;

/** What clients see of a job. */
async function look({ server, signal, id }: Scene & { readonly id: string }) {
  const query = `{ job(id: "${id}") { ${fields} } }`;
  const { segments, ...job } = (await askThrough(server.url, { query }, signal)).data.job;
  const lines: readonly string[] = segments.edges.map(({ node }: any) => `${node.speaker}: ${node.text}`);
  return { ...job, lines };
}
