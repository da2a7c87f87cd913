import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { newSecret } from '#src/config/webhook-secret.ts';
import { followThrough } from '../follow-through.ts';
import { openReceiver, type Received, type Receiver, verify } from '../receiver.ts';
import { askThrough } from './client.ts';
import { openRandom, type Random } from './random.ts';
import { type KillableServer, openKillableServer } from './server.ts';

/** How often a server is killed between the end of a job and the arrival of its message. */
export interface WebhookChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
}

/** What was done, and came out right. */
export interface WebhookChaosReport {
  readonly jobs: number;
  /** Messages as they arrived, those that came more than once included. */
  readonly received: number;
  readonly twice: number;
  /** Kills before the message was sent, and while its answer was awaited. */
  readonly unsent: number;
  readonly unanswered: number;
}

const ended: ReadonlySet<string | undefined> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
/** Longest pause between the end of a job and the kill. */
const maxPauseMs = 10;

/**
 * Kills a server each time that a job has ended and its message is not noted as arrived: as soon as the end is heard, or once the receiver has the message and keeps its
 * answer. Another job runs meanwhile. Then proves that every end was told at least once, under one id, rightly signed, and nothing else was.
 */
export async function webhookChaos({ kills, seed, tell }: WebhookChaosOptions): Promise<WebhookChaosReport> {
  await using stack = new AsyncDisposableStack();
  const over = new AbortController();
  stack.defer(() => over.abort());
  // A message whose job is held is not answered, but by the next server's attempt.
  let held: string | null = null;
  const secret = newSecret();
  // At once: a signature is right for five minutes.
  const wrong: unknown[] = [];
  const receiver = stack.use(
    await openReceiver((message, response) => {
      try {
        verify(secret, message);
      } catch (error) {
        wrong.push(error);
      }
      if (message.data.id !== held) response.writeHead(204).end();
    }),
  );
  const server = stack.use(await openKillableServer('speaks', { PHONOGRAPH_URL_ALLOWED_CIDRS: '127.0.0.0/8' }));
  const { url } = server;
  const { signal } = over;
  await askThrough(url, { query: create, variables: { input: { url: receiver.url, secret } } }, signal);
  const lives = { server, receiver, random: openRandom(seed), signal };
  const jobs: string[] = [];
  const counts = { unsent: 0, unanswered: 0 };
  for (let kill = 1; kill <= kills; kill += 1) {
    const [first, second] = [await submit(lives, `${kill}/first`), await submit(lives, `${kill}/second`)];
    jobs.push(first, second);
    const isHeld = lives.random.below(2) < 1;
    held = isHeld ? first : null;
    if (lives.random.below(4) < 1) await askThrough(url, { query: cancel, variables: { id: first } }, signal);
    await (isHeld ? untilReceived(lives, first) : untilEnded(lives, first));
    await sleep(lives.random.below(maxPauseMs));
    counts[receiver.received.some(({ data }) => data.id === first) ? 'unanswered' : 'unsent'] += 1;
    await Promise.race([server.kill(), server.died]);
    held = null;
    tell?.(`${kill}/${kills} ${isHeld ? 'message received' : 'end heard'}`);
  }
  for (const id of jobs) await Promise.race([untilReceived(lives, id), server.died]);
  const { code, stderr } = await server.stop();
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(wrong, []);
  checkOutbox(join(server.harness.directory, 'data/phonograph.db'), receiver.received, jobs);
  const messages = new Set(receiver.received.map(({ id }) => id));
  const received = receiver.received.length;
  return { jobs: jobs.length, received, twice: received - messages.size, ...counts };
}

interface Lives {
  readonly server: KillableServer;
  readonly receiver: Receiver;
  readonly random: Random;
  readonly signal: AbortSignal;
}

const create =
  'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { ... on CreateWebhookSuccess { webhook { id } } } }';
const transcribe =
  'mutation ($input: TranscribeInput!) { transcribe(input: $input) { ... on TranscribeSuccess { job { id } } } }';
const cancel = 'mutation ($id: ID!) { cancel(id: $id) { __typename } }';

async function submit({ server, signal }: Lives, idempotencyKey: string): Promise<string> {
  const input = { media: { path: 'speech.wav' }, idempotencyKey };
  const { data } = await askThrough(server.url, { query: transcribe, variables: { input } }, signal);
  return data.transcribe.job.id;
}

async function untilEnded({ server, signal }: Lives, id: string): Promise<void> {
  for await (const { status } of followThrough(server.url, id, { after: 0, signal })) if (ended.has(status)) return;
}

async function untilReceived({ receiver, signal }: Lives, id: string): Promise<void> {
  while (!receiver.received.some(({ data }) => data.id === id)) {
    await Promise.race([receiver.until(receiver.received.length + 1), sleep(1000, undefined, { signal })]);
  }
}

/** Reads the database that is left: each end has one message, which has arrived under its id, and no message tells of an end that was not. */
function checkOutbox(file: string, received: readonly Received[], jobs: readonly string[]): void {
  const db = new Sqlite(file, { readonly: true });
  try {
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    const ends = db
      .prepare<[], { readonly job: string; readonly type: string }>(
        `select job_id as job, 'job.' || lower(json_extract(data, '$.status')) as type from event
         where kind = 'STATUS_CHANGED' and json_extract(data, '$.status') in ('COMPLETED', 'FAILED', 'CANCELLED')`,
      )
      .all();
    const told = db
      .prepare<[], { readonly id: string; readonly job: string; readonly type: string }>(
        'select id, job_id as job, event as type from delivery where delivered_at is not null',
      )
      .all();
    const nameOf = ({ job, type }: { readonly job: string; readonly type: string }) => `${job} ${type}`;
    assert.deepEqual(told.map(nameOf).toSorted(), ends.map(nameOf).toSorted());
    assert.deepEqual(new Set(ends.map(({ job }) => job)), new Set(jobs));
    assert.equal(db.prepare('select count(*) from delivery').pluck().get(), told.length);
    const arrived = new Set(received.map(({ id, type, data }) => `${id} ${data.id} ${type}`));
    assert.deepEqual(arrived, new Set(told.map(({ id, ...end }) => `${id} ${nameOf(end)}`)));
  } finally {
    db.close();
  }
}
