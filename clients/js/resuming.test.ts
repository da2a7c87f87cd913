import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sink, SubscribePayload } from 'graphql-ws';
import { iterate, resuming } from './resuming.ts';

type Result = { readonly data?: Record<string, unknown> | null };

/** A client of which the test is the connection: what was asked for, and what comes. */
function openFakeClient() {
  const subscriptions: { readonly payload: SubscribePayload; readonly sink: Sink<Result>; left: boolean }[] = [];
  const client = resuming({
    subscribe(payload: SubscribePayload, sink: Sink<Result>) {
      const subscription = { payload, sink, left: false };
      subscriptions.push(subscription);
      return () => {
        subscription.left = true;
        sink.complete();
      };
    },
    iterate: (_payload: SubscribePayload): AsyncIterableIterator<Result> => assert.fail('goes by subscribe'),
  });
  return { client, subscriptions };
}

const follow =
  'subscription jobEvents($id: ID!, $from: SafeInt) { all: jobEvents(id: $id, after: $from) { ... on JobEvent { seq } } }';

/** What a connection sends for an operation, at this moment. */
const sent = ({ payload }: { readonly payload: SubscribePayload }) => JSON.parse(JSON.stringify(payload)).variables;

test('a later connection asks for what comes after the last item, by whatever names the operation has for it', () => {
  const { client, subscriptions } = openFakeClient();
  const seen: unknown[] = [];
  const sink = { next: ({ data }: Result) => seen.push(data), error: assert.fail, complete: () => {} };
  const variables = Object.freeze({ id: 'job_1', from: 3 });
  client.subscribe({ query: follow, variables }, sink);
  const [subscription] = subscriptions;
  assert.ok(subscription);
  assert.deepEqual(sent(subscription), { id: 'job_1', from: 3 });
  subscription.sink.next({ data: { all: { seq: 4 } } });
  subscription.sink.next({ data: null });
  assert.deepEqual(sent(subscription), { id: 'job_1', from: 4 });
  assert.deepEqual(seen, [{ all: { seq: 4 } }, null]);
  assert.deepEqual(variables, { id: 'job_1', from: 3 }, 'what the caller gave is as it was');
});

for (const [query, item, expected] of [
  [
    'subscription ($a: String) { logAdded(filter: { contains: "after: $b (" }, after: $a) { id } }',
    { id: 'x' },
    { a: 'x' },
  ],
  ['subscription ($since: DateTime) { jobChanged(since: $since) { updatedAt } }', { updatedAt: 'T' }, { since: 'T' }],
  ['subscription { jobEvents(id: "job_1", after: 5) { seq } }', { seq: 6 }, {}],
  ['subscription ($after: Int) { serverStatus(intervalSeconds: $after) { id } }', { id: 'server' }, {}],
  ['no GraphQL', { seq: 6 }, {}],
] as const) {
  test(`after an item of ${query}`, () => {
    const { client, subscriptions } = openFakeClient();
    client.subscribe({ query, variables: {} }, { next: () => {}, error: assert.fail, complete: () => {} });
    const [subscription] = subscriptions;
    assert.ok(subscription);
    subscription.sink.next({ data: { item } });
    assert.deepEqual(sent(subscription), expected);
  });
}

test('an operation that does not select its number fails at the first item, and not at the first lost connection', () => {
  const { client, subscriptions } = openFakeClient();
  const told: string[] = [];
  client.subscribe(
    { query: follow.replace('seq', 'time'), variables: {} },
    {
      next: () => told.push('next'),
      error: (error) => told.push(String(error)),
      complete: () => told.push('complete'),
    },
  );
  const [subscription] = subscriptions;
  subscription?.sink.next({ data: { all: { time: 'T' } } });
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /Select seq/u);
  assert.ok(subscription?.left);
});

test('what is iterated over ends with the loop, by the signal, and with the error of the subscription', async () => {
  const { client, subscriptions } = openFakeClient();
  const results = client.iterate({ query: follow, variables: {} });
  const first = results.next();
  subscriptions[0]?.sink.next({ data: { all: { seq: 1 } } });
  assert.deepEqual((await first).value, { data: { all: { seq: 1 } } });
  await results.return?.();
  assert.ok(subscriptions[0]?.left);

  const leave = new AbortController();
  let left = 0;
  const endless = iterate(() => () => (left += 1), leave.signal);
  const waiting = endless.next();
  leave.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/u);
  assert.equal(left, 1);

  const failing = iterate<number>((sink) => {
    sink.next(1);
    sink.error(new Error('broken'));
    sink.complete();
    return () => {};
  });
  assert.equal((await failing.next()).value, 1);
  await assert.rejects(failing.next(), /broken/u);
});
