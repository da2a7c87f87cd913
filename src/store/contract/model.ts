import assert from 'node:assert/strict';
import {
  type AttemptOutcome,
  type JobAct,
  type JobStatus,
  nextStatus,
  type TranscriptionMode,
} from '../../jobs/job.ts';
import { classesOf } from '../../jobs/worker.ts';
import type { Store } from '../store.ts';
import type { Ending, Lease, OpenAttempt } from '../work.ts';
import { openQueueModel, type QueuedJob } from './queue-model.ts';
import { added, newBatch, newJob, quietly } from './samples.ts';

/** Something that can happen; numbers point to a job or a lease, round and round. */
export type Act =
  | {
      readonly kind: 'add';
      readonly priority: number;
      readonly callerId: string | null;
      readonly mode: TranscriptionMode;
      readonly recording: 'THERE' | 'SETTLING' | 'FETCHED';
    }
  /** The recording of a job has come. */
  | { readonly kind: 'arrive'; readonly job: number }
  | { readonly kind: 'claim'; readonly modes: readonly TranscriptionMode[] }
  | { readonly kind: 'cancel'; readonly job: number }
  | { readonly kind: 'retry'; readonly job: number; readonly fromStart: boolean }
  | { readonly kind: 'delete'; readonly job: number }
  | { readonly kind: 'prioritise'; readonly job: number; readonly priority: number }
  | { readonly kind: 'append'; readonly lease: number; readonly count: number }
  | { readonly kind: 'clear'; readonly lease: number }
  | { readonly kind: 'finish'; readonly lease: number; readonly outcome: AttemptOutcome; readonly isCrash: boolean }
  /** A server that starts looks at what was left open ... */
  | { readonly kind: 'look' }
  /** ... and reaps it, or the part whose processes are gone, while other things may have happened. */
  | { readonly kind: 'reap'; readonly isPart: boolean }
  /** Somebody sets the clock. */
  | { readonly kind: 'jump'; readonly hours: number };

/** A job as it must be. */
interface ModelJob extends QueuedJob {
  readonly id: string;
  readonly mode: TranscriptionMode;
  isFetched: boolean;
  status: JobStatus;
  isCancelled: boolean;
  segments: number;
  crashes: number;
  attempts: number;
  holder: Lease | null;
}

/** The simplest store that could be right, beside the one under test. */
export interface Model {
  readonly store: Store;
  readonly jobs: readonly ModelJob[];
  /** Does the same to both, and compares what they answer. */
  do(act: Act): Promise<void>;
}

const acts = { COMPLETED: 'complete', FAILED: 'fail', CANCELLED: 'cancel', INTERRUPTED: 'interrupt' } as const;
const failure = { code: 'INTERNAL', message: 'It failed.', hint: null, retryable: true } as const;

/** A model of an empty store, whose clock is `clock`. */
export function openModel(store: Store, clock: { time: number }): Model {
  const jobs: ModelJob[] = [];
  let seen: readonly OpenAttempt[] = [];
  const leases: Lease[] = [];
  const queue = openQueueModel(jobs);
  let arrivals = 0;

  async function add({ priority, callerId, mode, recording }: Act & { readonly kind: 'add' }): Promise<void> {
    const options = { ...newJob().options, mode };
    const isSettling = recording === 'SETTLING';
    const isFetched = recording === 'FETCHED';
    const coming = { settling: isSettling, ...(isFetched ? { url: 'https://example.org/a.wav' } : {}) };
    const { id } = await added(store, { priority, callerId, options, ...coming });
    const start = { isCancelled: false, segments: 0, crashes: 0, attempts: 0, holder: null, round: null };
    const asked = { id, priority, callerId, mode, isSettling, isFetched };
    const job: ModelJob = { ...asked, arrival: arrivals++, status: 'QUEUED', ...start };
    jobs.push(job);
    if (!isFetched) queue.come(job);
  }

  async function arrive(job: ModelJob): Promise<void> {
    const waits = job.isFetched && job.status === 'QUEUED';
    assert.equal((await store.claimDownload(job.id, 10_000)) !== null, waits);
    assert.equal(await store.finishDownload(job.id, { bytes: 1, sha256: 'x' }), waits);
    await store.settle(job.id, null);
    if (waits) job.isFetched = false;
    else if (!job.isSettling) return;
    job.isSettling = false;
    if (job.status === 'QUEUED') queue.comeLate(job);
  }

  async function claim({ modes }: Act & { readonly kind: 'claim' }): Promise<void> {
    const order = queue.order(jobs);
    const positions = await store.queuePositions(order.map(({ id }) => id));
    assert.deepEqual(
      positions,
      order.map((_, index) => index + 1),
    );
    const served = order.filter(({ mode }) => modes.includes(mode));
    const among = await store.queuePositions(
      served.map(({ id }) => id),
      classesOf({ modes }),
    );
    assert.deepEqual(
      among,
      served.map((_, index) => index + 1),
    );
    const next = served.find(({ isSettling }) => !isSettling);
    const taken = await store.claim('model', { modes });
    assert.equal(taken?.job.id, next?.id);
    if (taken === null || next === undefined) return;
    leases.push(taken.lease);
    queue.begin(next);
    Object.assign(next, { status: 'WORKING', attempts: next.attempts + 1, holder: taken.lease });
    assert.deepEqual([taken.lease.attempt, taken.crashes], [next.attempts, next.crashes]);
  }

  async function cancel(job: ModelJob): Promise<void> {
    if (nextStatus(job.status, 'cancel') !== null) job.isCancelled = true;
    if (job.status === 'QUEUED') {
      move(job, 'cancel');
      if (job.round !== null) queue.leave(job);
    }
    assert.equal((await store.cancel(job.id))?.status, job.status);
  }

  async function retry(job: ModelJob, fromStart: boolean): Promise<void> {
    const isRefused = nextStatus(job.status, 'retry') === null;
    assert.equal((await store.retry(job.id, fromStart))?.refused, isRefused);
    if (isRefused) return;
    move(job, 'retry');
    Object.assign(job, { arrival: arrivals++, crashes: 0, isCancelled: false });
    if (!job.isFetched) queue.come(job);
    if (fromStart) job.segments = 0;
  }

  async function remove(job: ModelJob): Promise<void> {
    const isRefused = job.status === 'WORKING';
    assert.equal((await store.deleteJob(job.id))?.refused, isRefused);
    if (isRefused) return;
    if (job.round !== null) queue.leave(job);
    jobs.splice(jobs.indexOf(job), 1);
    assert.equal(await store.deleteJob(job.id), null);
  }

  async function prioritise(job: ModelJob, priority: number): Promise<void> {
    queue.move(job, priority);
    assert.equal((await store.updateJob(job.id, { priority }))?.priority, priority);
  }

  async function finish(job: ModelJob, lease: Lease, act: Act & { readonly kind: 'finish' }): Promise<void> {
    assert.equal(await store.finish(lease, endingOf(act)), job.holder === lease);
    if (job.holder !== lease) return;
    if (act.outcome === 'INTERRUPTED' && act.isCrash && !job.isCancelled) job.crashes++;
    end(job, act.outcome);
  }

  async function look(): Promise<void> {
    seen = await store.expiredAttempts(0);
    const open = jobs.flatMap(({ holder }) => (holder === null ? [] : `${holder.jobId} ${holder.attempt}`));
    assert.deepEqual(seen.map(({ jobId, attempt }) => `${jobId} ${attempt}`).toSorted(), open.toSorted());
  }

  async function reap(isPart: boolean): Promise<void> {
    const gone = isPart ? seen.slice(1) : seen;
    const open = jobs.filter(({ holder }) =>
      gone.some(({ jobId, attempt }) => holder?.jobId === jobId && holder.attempt === attempt),
    );
    for (const job of open) end(job, 'INTERRUPTED');
    const reaped = await store.reap(gone);
    const told = new Map(reaped.map(({ jobId, status }) => [jobId, status]));
    assert.deepEqual(told, new Map(open.map(({ id, status }) => [id, status])));
  }

  async function underLease(lease: Lease, act: Act & { readonly lease: number }): Promise<void> {
    const job = jobs.find(({ id }) => id === lease.jobId);
    if (job === undefined) return assert.equal(await store.renew(lease), null);
    if (act.kind === 'finish') return finish(job, lease, act);
    const texts = act.kind === 'append' ? Array.from({ length: act.count }, (_, index) => `text ${index}`) : [];
    const answer = act.kind === 'append' ? store.appendBatch(lease, newBatch(texts)) : store.clearTranscript(lease);
    assert.equal(await answer, job.holder === lease);
    if (job.holder === lease) job.segments = act.kind === 'append' ? job.segments + texts.length : 0;
  }

  return {
    store,
    jobs,
    async do(act) {
      if (act.kind === 'add') return add(act);
      if (act.kind === 'claim') return claim(act);
      if (act.kind === 'look') return look();
      if (act.kind === 'reap') return reap(act.isPart);
      if (act.kind === 'jump') {
        clock.time += act.hours * 3_600_000;
        return;
      }
      if ('job' in act) {
        const job = jobs[act.job % jobs.length];
        if (job === undefined) return;
        if (act.kind === 'arrive') return arrive(job);
        if (act.kind === 'prioritise') return prioritise(job, act.priority);
        if (act.kind === 'retry') return retry(job, act.fromStart);
        return act.kind === 'cancel' ? cancel(job) : remove(job);
      }
      const lease = leases[act.lease % leases.length];
      if (lease !== undefined) await underLease(lease, act);
    },
  };
}

function move(job: ModelJob, act: JobAct): void {
  const status = nextStatus(job.status, act);
  assert.ok(status);
  job.status = status;
}

function end(job: ModelJob, outcome: AttemptOutcome): void {
  move(job, job.isCancelled ? 'cancel' : acts[outcome]);
  if (job.status === 'QUEUED') job.round = 0;
  job.holder = null;
}

function endingOf({ outcome, isCrash }: Act & { readonly kind: 'finish' }): Ending {
  switch (outcome) {
    case 'COMPLETED':
      return { kind: outcome, processedSeconds: 1, ...quietly };
    case 'FAILED':
      return { kind: outcome, failure, ...quietly };
    case 'CANCELLED':
      return { kind: outcome, ...quietly };
    case 'INTERRUPTED':
      return { kind: outcome, crash: isCrash ? 'ENGINE_CRASHED' : null, ...quietly };
    default:
      return outcome satisfies never;
  }
}
