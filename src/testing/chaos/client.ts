import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { followThrough, isPassing } from '../follow-through.ts';
import type { SeenEvent } from '../follow.ts';
import { ask, type Answer } from '../server.ts';

/** A job as one client has seen it, from its first event to its last. */
export interface Story {
  readonly id: string;
  readonly recording: string;
  readonly events: readonly SeenEvent[];
  /** Whether the server has acknowledged a cancel while the job could still be cancelled. */
  readonly cancelled: boolean;
}

/** What a client wants and how it is kept informed. */
export interface Wish {
  readonly url: string;
  readonly recording: string;
  /** Given with each try, so that a lost answer does not make a second job. */
  readonly key: string;
  /** Cancels after this many events; null = never. */
  readonly cancelAfter: number | null;
  readonly onEvent: () => void;
  readonly signal: AbortSignal;
}

/** Submits a recording, follows it with a cursor through every lost connection, has it tried again where it failed, and tells all it saw. */
export async function liveThrough(wish: Wish): Promise<Story> {
  const { url, recording, key, signal } = wish;
  const input = { media: { path: recording }, idempotencyKey: key };
  const { transcribe } = (await askThrough(url, { query: submit, variables: { input } }, signal)).data;
  assert.ok('job' in transcribe, JSON.stringify(transcribe));
  const { id } = transcribe.job;
  const events: SeenEvent[] = [];
  let cancelled = false;
  for (;;) {
    for await (const event of followThrough(url, id, { after: events.length, signal })) {
      events.push(event);
      wish.onEvent();
      if (events.length !== wish.cancelAfter) continue;
      const { cancel } = (await askThrough(url, { query: stop, variables: { id } }, signal)).data;
      cancelled = cancel.__typename === 'CancelSuccess';
    }
    if (events.at(-1)?.status !== 'FAILED') return { id, recording, events, cancelled };
    // Its engine was killed three times. A retry whose answer was lost is refused the second time: the job runs.
    await askThrough(url, { query: again, variables: { id } }, signal);
  }
}

const submit = `mutation ($input: TranscribeInput!) {
  transcribe(input: $input) { ... on TranscribeSuccess { job { id } } ... on Error { code message } }
}`;
const stop = 'mutation ($id: ID!) { cancel(id: $id) { __typename } }';
const again = 'mutation ($id: ID!) { retry(id: $id) { __typename } }';

/** Asks until there is an answer that does not ask to try again in a moment. */
export async function askThrough(url: string, body: object, signal: AbortSignal): Promise<Answer> {
  for (;;) {
    try {
      const answer = await ask(url, JSON.stringify(body));
      if (answer.errors === undefined) return answer;
      if (!answer.errors.every(isPassing)) throw new Error(JSON.stringify(answer.errors));
    } catch (error) {
      // fetch tells every lost connection as a TypeError, and an answer that breaks off as a SyntaxError.
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    }
    await sleep(50, undefined, { signal });
  }
}
