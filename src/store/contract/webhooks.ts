import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { JobFailure } from '../../jobs/job.ts';
import type { Store } from '../store.ts';
import { maxWebhooksPerCaller, type NewWebhook, type OutboxMessage, webhookEvents } from '../webhooks.ts';
import type { Ending } from '../work.ts';
import { added, claimed, newBatch, type OpenStore, quietly } from './samples.ts';

const failure: JobFailure = { code: 'MEDIA_CORRUPT', message: 'It is broken.', hint: null, retryable: false };
const completed: Ending = { kind: 'COMPLETED', processedSeconds: 99, ...quietly };

/** A webhook of nobody's own, which hears of everything, but for `changes`. */
async function addedWebhook(store: Store, changes: Partial<NewWebhook> = {}) {
  const plain = { url: 'https://example.org/hook', secret: 'whsec_x', owner: null, everyJob: true };
  const webhook = await store.addWebhook({ ...plain, events: webhookEvents, ...changes });
  assert.ok(webhook !== null);
  return webhook;
}

const due = (store: Store, inFlight: readonly OutboxMessage[] = [], perLane = 10) =>
  store.dueMessages(inFlight, { perLane, most: 100 });

/** What is due, as the types of messages about jobs. */
const typesOf = async (store: Store) => (await due(store)).map(({ event, jobId }) => `${event} ${jobId}`);

/** Every way in which an attempt, or the waiting for one, ends a job or does not. */
const ways: Readonly<
  Record<string, { readonly act: (store: Store) => Promise<unknown>; readonly type: string | null }>
> = {
  'is completed': {
    act: async (store) => store.finish((await claimed(store)).lease, completed),
    type: 'job.completed',
  },
  'has failed': {
    act: async (store) => store.finish((await claimed(store)).lease, { kind: 'FAILED', failure, ...quietly }),
    type: 'job.failed',
  },
  'is cancelled while it runs': {
    act: async (store) => {
      const { lease } = await claimed(store);
      await store.cancel(lease.jobId);
      assert.deepEqual(await due(store), [], 'it still runs');
      await store.finish(lease, completed);
    },
    type: 'job.cancelled',
  },
  'is cancelled while it waits': {
    act: async (store) => store.cancel((await store.jobs({}, { limit: 1 }))[0]?.item.id ?? ''),
    type: 'job.cancelled',
  },
  'is cancelled and its server dies': {
    act: async (store) => {
      await store.cancel((await claimed(store)).lease.jobId);
      await store.reap(await store.expiredAttempts(0));
    },
    type: 'job.cancelled',
  },
  'is interrupted': {
    act: async (store) =>
      store.finish((await claimed(store)).lease, { kind: 'INTERRUPTED', crash: 'ENGINE_CRASHED', ...quietly }),
    type: null,
  },
  'loses its server': {
    act: async (store) => {
      await claimed(store);
      await store.reap(await store.expiredAttempts(0));
    },
    type: null,
  },
  'is deleted while it waits': {
    act: async (store) => store.deleteJob((await store.jobs({}, { limit: 1 }))[0]?.item.id ?? ''),
    type: null,
  },
};

/** Webhooks, and the outbox of what they are told. */
export function webhooksContract(open: OpenStore): void {
  for (const [way, { act, type }] of Object.entries(ways)) {
    it(`tells of a job that ${way}: ${type ?? 'nothing'}`, async () => {
      await using opened = await open();
      const { store } = opened;
      const webhook = await addedWebhook(store);
      const { id } = await added(store, { callbackUrl: 'https://example.org/callback', callerId: 'alice' });
      await act(store);
      const messages = await due(store);
      const wanted = type === null ? [] : [webhook.url, 'https://example.org/callback'];
      assert.deepEqual(messages.map(({ url }) => url).toSorted(), wanted.toSorted());
      for (const message of messages) {
        assert.deepEqual([message.event, message.jobId, message.jobOwner], [type, id, 'alice']);
        assert.match(message.id, /^msg_.{21}$/u);
        const { status, owner } = message.data;
        assert.deepEqual([status, owner], [(await store.job(id))?.status, 'alice']);
      }
      assert.equal(await store.countOutbox(), messages.length);
    });
  }

  it('tells of a job whose recording cannot be fetched', async () => {
    await using opened = await open();
    const { store } = opened;
    await addedWebhook(store);
    const media = { name: 'x', key: { kept: 'x' }, bytes: null, sha256: null };
    const { id } = await added(store, { url: 'https://example.org/x', media });
    await store.claimDownload(id, 10_000);
    await store.failDownload(id, { ...failure, code: 'DOWNLOAD_FAILED' });
    assert.deepEqual(await typesOf(store), [`job.failed ${id}`]);
  });

  it('tells what was true at the end, nothing that was said, and keeps it when the job goes', async () => {
    await using opened = await open();
    const { store } = opened;
    await addedWebhook(store);
    const { id } = await added(store, { title: 'Interview' });
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['a secret word']));
    await store.finish(lease, { kind: 'FAILED', failure, ...quietly });
    const [message] = await due(store);
    assert.ok(message !== undefined && !JSON.stringify(message).includes('secret word'));
    const job = await store.job(id);
    const { title, segmentCount, failure: told, finishedAt } = message.data;
    assert.deepEqual([title, segmentCount, told], ['Interview', 1, failure]);
    assert.equal(finishedAt, job?.finishedAt?.toISOString());
    await store.retry(id, true);
    await store.deleteJob(id);
    assert.deepEqual(await due(store), [message]);
  });

  it('tells whoever wants to hear of it: by events, of every job or own ones, and not while disabled', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const all = await addedWebhook(store);
    const failures = await addedWebhook(store, { events: ['JOB_FAILED'] });
    const own = await addedWebhook(store, { owner: 'alice', everyJob: false });
    const toldOf = async (callerId: string | null) => {
      const { id } = await added(store, { callerId });
      await store.cancel(id);
      time += 1;
      const told = (await due(store)).filter(({ jobId }) => jobId === id);
      return told.map(({ webhookId }) => String(webhookId)).toSorted();
    };
    assert.deepEqual(await toldOf('bob'), [all.id]);
    assert.deepEqual(await toldOf(null), [all.id]);
    assert.deepEqual(await toldOf('alice'), [all.id, own.id].toSorted());
    const [message] = (await due(store)).filter(({ webhookId }) => webhookId === own.id);
    const lost = { kind: 'FAILED', status: 500, problem: 'broken', retryMs: null } as const;
    assert.equal((await store.noteAttempt(message?.id ?? '', lost))?.disabled, true);
    assert.deepEqual((await store.webhook(own.id))?.disabledAt, new Date(time));
    assert.deepEqual(await toldOf('alice'), [all.id]);
    assert.equal((await store.deliveries(failures.id, 10)).length, 0);
  });

  it('gives out the messages about a job one after the other, those about others meanwhile, and so many of a lane', async () => {
    await using opened = await open();
    const { store } = opened;
    await addedWebhook(store);
    const [first, second] = [await added(store), await added(store)];
    for (const { id } of [first, second]) await store.cancel(id);
    for (const { id } of [first, second]) {
      await store.retry(id, false);
      await store.cancel(id);
    }
    const messages = await due(store);
    assert.deepEqual(
      messages.map(({ jobId }) => jobId),
      [first.id, second.id],
    );
    assert.equal((await due(store, messages)).length, 0, 'those before them have not arrived');
    assert.equal((await due(store, [], 1)).length, 1);
    assert.equal((await store.dueMessages([], { perLane: 10, most: 1 })).length, 1);
    assert.equal((await due(store, messages.slice(0, 1), 1)).length, 0);
    await store.noteAttempt(messages[0]?.id ?? '', { kind: 'FAILED', status: null, problem: 'x', retryMs: 60_000 });
    await store.noteAttempt(messages[1]?.id ?? '', { kind: 'DELIVERED', status: 204 });
    assert.deepEqual(await typesOf(store), [`job.cancelled ${second.id}`], 'the first job waits for its first message');
    await addedWebhook(store, { url: 'https://example.org/other' });
    await store.cancel((await added(store)).id);
    assert.equal((await due(store, [], 1)).length, 2, 'a lane holds no other up');
  });

  it('leaves out no lane for ever where there is not room for all', async () => {
    await using opened = await open();
    const { store } = opened;
    const webhooks = [await addedWebhook(store), await addedWebhook(store), await addedWebhook(store)];
    await store.cancel((await added(store)).id);
    const lanes = new Set<string>();
    for (let looks = 0; looks < 200 && lanes.size < webhooks.length; looks += 1) {
      for (const { lane } of await store.dueMessages([], { perLane: 1, most: 1 })) lanes.add(lane);
    }
    assert.equal(lanes.size, webhooks.length);
  });

  it('finds what is due behind any number of messages that wait for another one', async () => {
    await using opened = await open();
    const { store } = opened;
    await addedWebhook(store);
    const { id } = await added(store);
    await store.cancel(id);
    await store.noteAttempt((await due(store))[0]?.id ?? '', {
      kind: 'FAILED',
      status: null,
      problem: 'x',
      retryMs: 60_000,
    });
    for (let times = 0; times < 201; times += 1) {
      await store.retry(id, false);
      await store.cancel(id);
    }
    assert.deepEqual(await due(store), []);
    const other = await added(store);
    await store.cancel(other.id);
    assert.deepEqual(await typesOf(store), [`job.cancelled ${other.id}`]);
  });

  it('keeps how attempts went, and disables a webhook only where nothing has arrived since', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const { id } = await addedWebhook(store);
    for (let jobs = 0; jobs < 2; jobs += 1) await store.cancel((await added(store)).id);
    const [one, two] = await due(store);
    assert.ok(one !== undefined && two !== undefined);
    time += 10;
    await store.noteAttempt(one.id, { kind: 'FAILED', status: 500, problem: 'answered with 500', retryMs: 5000 });
    assert.deepEqual(await store.nextDue(), new Date(time + 5000));
    const failed = (await store.deliveries(id, 10)).find((each) => each.id === one.id);
    assert.deepEqual(failed, {
      id: one.id,
      jobId: one.jobId,
      event: 'job.cancelled',
      attempts: 1,
      nextAttemptAt: new Date(time + 5000),
      deliveredAt: null,
      status: 500,
      problem: 'answered with 500',
    });
    const arrived = await store.noteAttempt(two.id, { kind: 'DELIVERED', status: 200 });
    assert.deepEqual(arrived?.delivery.deliveredAt, new Date(time));
    const lost = { kind: 'FAILED', status: null, problem: 'gone', retryMs: null } as const;
    const noted = await store.noteAttempt(one.id, lost);
    assert.deepEqual([noted?.disabled, noted?.delivery.attempts, noted?.delivery.nextAttemptAt], [false, 2, null]);
    assert.equal(await store.countOutbox(), 0);
    time += 10;
    await store.cancel((await added(store)).id);
    assert.equal((await store.noteAttempt((await due(store))[0]?.id ?? '', lost))?.disabled, true);
    const ping = await store.addPing(id);
    assert.deepEqual(await due(store), [], 'a ping is sent by who asked for it');
    assert.deepEqual((await store.noteAttempt(ping?.id ?? '', lost))?.disabled, false);
    const again = await store.addPing(id);
    assert.deepEqual([again?.event, again?.secret], ['ping', 'whsec_x']);
    await store.noteAttempt(again?.id ?? '', { kind: 'DELIVERED', status: 204 });
    assert.equal((await store.webhook(id))?.disabledAt, null);
    assert.equal(await store.addPing('webhook_unknown'), null);
    assert.equal(await store.noteAttempt('msg_unknown', lost), null);
  });

  it('sends nothing more to a webhook that is deleted, or was disabled meanwhile', async () => {
    await using opened = await open();
    const { store } = opened;
    const [gone, broken] = [await addedWebhook(store), await addedWebhook(store)];
    for (let jobs = 0; jobs < 2; jobs += 1) await store.cancel((await added(store)).id);
    assert.equal(await store.deleteWebhook(gone.id), true);
    assert.equal(await store.deleteWebhook(gone.id), false);
    const [lost] = await due(store);
    assert.equal(lost?.webhookId, broken.id);
    await store.noteAttempt(lost.id, { kind: 'FAILED', status: null, problem: 'gone', retryMs: null });
    assert.deepEqual(await due(store), []);
    assert.equal(await store.countOutbox(), 0);
    const [, other] = (await store.deliveries(broken.id, 10)).toReversed();
    assert.match(other?.problem ?? '', /disabled/u);
  });

  it('has at most twenty webhooks of a caller, each with its secret where nobody sees it', async () => {
    await using opened = await open();
    const { store } = opened;
    for (let count = 0; count < maxWebhooksPerCaller; count += 1) await addedWebhook(store, { owner: 'alice' });
    const one = { url: 'x', secret: 'whsec_x', owner: 'alice', everyJob: true, events: webhookEvents };
    assert.equal(await store.addWebhook(one), null);
    for (const owner of ['bob', null]) await addedWebhook(store, { owner });
    const all = await store.webhooks();
    assert.equal(all.length, maxWebhooksPerCaller + 2);
    assert.deepEqual(await store.webhook(all[0]?.id ?? ''), all[0]);
    assert.ok(!JSON.stringify(all).includes('whsec_'));
  });

  it('forgets old messages in slices, and none that is on its way', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const { id } = await addedWebhook(store);
    for (let jobs = 0; jobs < 2; jobs += 1) await store.cancel((await added(store)).id);
    await store.noteAttempt((await due(store))[0]?.id ?? '', { kind: 'DELIVERED', status: 204 });
    time += 1000;
    assert.equal(await store.trimDeliveries(new Date(time - 1000)), 0);
    assert.equal(await store.trimDeliveries(new Date(time)), 1);
    assert.equal(await store.trimDeliveries(new Date(time)), 0);
    assert.equal((await store.deliveries(id, 10)).length, 1);
  });
}
