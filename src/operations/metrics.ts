import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type JobStatus, jobStatuses, type TranscriptionMode } from '../jobs/job.ts';
import type { JobReader } from '../store/store.ts';
import type { WebhookStore } from '../store/webhooks.ts';
import { memoizeFor } from './memoize.ts';
import type { ServerStatus } from './server-status.ts';

/** What is measured, for Prometheus. Every label has few values, all of our own: no name that a client gives. */
export interface Metrics {
  /** A job began for the first time, so long after it was accepted. */
  waited(mode: TranscriptionMode, seconds: number): void;
  /** The first words of an attempt are stored. */
  firstSegment(mode: TranscriptionMode, seconds: number): void;
  /** So much more of a recording is transcribed. */
  transcribed(mode: TranscriptionMode, audioSeconds: number): void;
  attemptEnded(attempt: MeasuredAttempt): void;
  requestAnswered(request: MeasuredRequest): void;
  operationEnded(operation: MeasuredOperation): void;
  /** A message of a webhook was sent, and what came of it. */
  messageTried(outcome: 'delivered' | 'failed' | 'given up'): void;
  /** Somebody follows a field of Subscription, until the function is called that comes back. */
  subscribed(field: string): () => void;
  /** All of it in the text format, at most a second old, however many ask. */
  readonly text: () => Promise<string>;
}

interface MeasuredAttempt {
  readonly mode: TranscriptionMode;
  readonly outcome: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'INTERRUPTED';
  /** Why it failed or crashed, a FailureCode; null where it did not. */
  readonly code: string | null;
  readonly seconds: number;
  /** What it transcribed; null where that is not the whole rest of the recording. */
  readonly audioSeconds: number | null;
  readonly peakMemoryBytes: number | null;
}

interface MeasuredRequest {
  /** As it stands in the table of routes. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

interface MeasuredOperation {
  readonly type: 'query' | 'mutation' | 'subscription';
  /** The field of the schema that it asks for. */
  readonly field: string;
  readonly failed: boolean;
  readonly seconds: number;
}

/** What is read when the metrics are asked for. */
interface MetricsParts {
  readonly readServer: () => Promise<ServerStatus>;
  readonly store: Pick<JobReader, 'countJobs'> & Pick<WebhookStore, 'countOutbox'>;
}

/** The media type of the text format. */
export const metricsType = Registry.PROMETHEUS_CONTENT_TYPE;

const freshMs = 1000;

/** Of a client that waits, up to a minute. */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
/** Of a job, up to some hours. */
const jobBuckets = [0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400];
/** From a graphics card that is far ahead to a machine that does not keep up. */
const ratioBuckets = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const gibibyte = 1024 ** 3;
const memoryBuckets = [0.25, 0.5, 1, 2, 4, 8, 16].map((size) => size * gibibyte);

/** Metrics that count from now on. */
export function openMetrics({ readServer, store }: MetricsParts): Metrics {
  const registry = new Registry();
  const work = openWorkMetrics(registry);
  const requests = openRequestMetrics(registry);
  const attempts = new Counter({
    name: 'phonograph_webhook_attempts_total',
    help: 'Messages of webhooks that were sent, by what came of it.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const state = openStateMetrics(registry);
  const count = async (status: JobStatus) => [status, await store.countJobs({ status: [status] })] as const;
  async function read(): Promise<string> {
    const [server, outbox, ...jobs] = await Promise.all([readServer(), store.countOutbox(), ...jobStatuses.map(count)]);
    state.set(server, jobs, outbox);
    return [await registry.metrics(), await processMetrics().metrics()].join('\n');
  }
  return {
    ...work,
    ...requests,
    messageTried: (outcome) => attempts.inc({ outcome }),
    text: memoizeFor(read, freshMs),
  };
}

type WorkMetrics = Pick<Metrics, 'waited' | 'firstSegment' | 'transcribed' | 'attemptEnded'>;

function openWorkMetrics(registry: Registry): WorkMetrics {
  const histogram = openHistograms(registry);
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Counter({ name: `phonograph_${name}`, help, labelNames, registers: [registry] });
  const wait = histogram('job_wait_seconds', 'From the acceptance of a job to its first attempt.', {
    labelNames: ['mode'],
    buckets: jobBuckets,
  });
  const first = histogram('first_segment_seconds', 'From the start of an attempt to its first stored segments.', {
    labelNames: ['mode'],
    buckets: [0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120],
  });
  const duration = histogram('attempt_duration_seconds', 'How long attempts ran, by how they ended.', {
    labelNames: ['mode', 'outcome'],
    buckets: jobBuckets,
  });
  const ratio = histogram(
    'attempt_real_time_ratio',
    'Time that a completed attempt took over the audio that it transcribed (real-time factor).',
    { labelNames: ['mode'], buckets: ratioBuckets },
  );
  const memory = histogram('engine_peak_memory_bytes', 'The most memory that the engine of an attempt had.', {
    labelNames: ['mode'],
    buckets: memoryBuckets,
  });
  const audio = counter('audio_seconds_total', 'Audio that was transcribed.', ['mode']);
  const failures = counter('attempt_failures_total', 'Attempts that failed or crashed, by why.', ['mode', 'code']);
  return {
    waited: (mode, seconds) => wait.observe({ mode }, seconds),
    firstSegment: (mode, seconds) => first.observe({ mode }, seconds),
    transcribed: (mode, audioSeconds) => audio.inc({ mode }, audioSeconds),
    attemptEnded({ mode, outcome, code, seconds, audioSeconds, peakMemoryBytes }) {
      duration.observe({ mode, outcome }, seconds);
      if (code !== null) failures.inc({ mode, code });
      if (audioSeconds !== null && audioSeconds > 0) ratio.observe({ mode }, seconds / audioSeconds);
      if (peakMemoryBytes !== null) memory.observe({ mode }, peakMemoryBytes);
    },
  };
}

function openRequestMetrics(registry: Registry): Pick<Metrics, 'requestAnswered' | 'operationEnded' | 'subscribed'> {
  const histogram = openHistograms(registry);
  const requests = histogram('http_request_duration_seconds', 'Answers over HTTP, but for event streams.', {
    labelNames: ['route', 'method', 'status'],
    buckets: requestBuckets,
  });
  const operations = histogram('graphql_operation_duration_seconds', 'GraphQL operations, by the field they ask for.', {
    labelNames: ['type', 'field', 'outcome'],
    buckets: requestBuckets,
  });
  const subscriptions = new Gauge({
    name: 'phonograph_subscriptions',
    help: 'Subscriptions that go on, over WebSocket and server-sent events.',
    labelNames: ['field'],
    registers: [registry],
  });
  return {
    requestAnswered: ({ seconds, status, ...labels }) =>
      requests.observe({ ...labels, status: String(status) }, seconds),
    operationEnded: ({ seconds, failed, ...labels }) =>
      operations.observe({ ...labels, outcome: failed ? 'error' : 'ok' }, seconds),
    subscribed(field) {
      subscriptions.inc({ field });
      return () => subscriptions.dec({ field });
    },
  };
}

type JobCount = readonly [JobStatus, number];

/** What is read anew each time. */
function openStateMetrics(registry: Registry) {
  const gauge = <T extends string = never>(name: string, help: string, labelNames: readonly T[] = []) =>
    new Gauge({ name: `phonograph_${name}`, help, labelNames, registers: [registry] });
  const info = gauge('info', 'Always 1; its labels tell what runs.', ['version', 'engine']);
  const ready = gauge('ready', 'Whether it is as it should be, as /ready tells.');
  const jobs = gauge('jobs', 'Jobs that there are.', ['status']);
  const oldest = gauge('queue_oldest_job_age_seconds', 'How long the oldest job that waits has waited.');
  const slots = gauge('slots', 'Jobs that may run at the same time.');
  const paused = gauge('queue_paused', 'Whether the queue is paused.');
  const standby = gauge('standby_engines', 'Engines that wait for a job with their model loaded.');
  const outbox = gauge('webhook_outbox_messages', 'Messages of webhooks that are on their way.');
  const diskFree = gauge('disk_free_bytes', 'Free on the disk of the data directory.');
  const diskSize = gauge('disk_size_bytes', 'All of the disk of the data directory.');
  const gpuUsed = gauge('gpu_memory_used_bytes', 'Memory of a GPU in use, by every program.', ['gpu']);
  const gpuSize = gauge('gpu_memory_size_bytes', 'All memory of a GPU.', ['gpu']);
  const gpuBusy = gauge('gpu_utilization_ratio', 'How busy a GPU is, 0 to 1.', ['gpu']);
  const gpuHeat = gauge('gpu_temperature_celsius', 'Temperature of a GPU.', ['gpu']);
  function setGpus(gpus: ServerStatus['gpus']): void {
    for (const each of [gpuUsed, gpuSize, gpuBusy, gpuHeat]) each.reset();
    for (const { index, memoryUsedBytes, memoryTotalBytes, utilization, temperatureCelsius } of gpus) {
      const gpu = String(index);
      gpuUsed.set({ gpu }, memoryUsedBytes);
      gpuSize.set({ gpu }, memoryTotalBytes);
      gpuBusy.set({ gpu }, utilization);
      if (temperatureCelsius !== null) gpuHeat.set({ gpu }, temperatureCelsius);
    }
  }
  return {
    set(
      { version, engine, status, queue, disk, gpus }: ServerStatus,
      jobCounts: readonly JobCount[],
      messages: number,
    ): void {
      info.reset();
      info.set({ version, engine: engine.engine ?? '' }, 1);
      ready.set(Number(status === 'READY'));
      for (const [each, count] of jobCounts) jobs.set({ status: each }, count);
      oldest.set(queue.oldestQueuedAt === null ? 0 : Math.max(0, Date.now() - queue.oldestQueuedAt.getTime()) / 1000);
      slots.set(queue.slots);
      paused.set(Number(queue.paused));
      standby.set(engine.standby);
      outbox.set(messages);
      diskFree.set(disk.freeBytes);
      diskSize.set(disk.totalBytes);
      setGpus(gpus);
    },
  };
}

function openHistograms(registry: Registry) {
  return <T extends string>(
    name: string,
    help: string,
    options: { readonly labelNames: readonly T[]; readonly buckets: number[] },
  ) => new Histogram({ name: `phonograph_${name}`, help, ...options, registers: [registry] });
}

let ofProcess: Registry | undefined;

/** CPU, memory, handles and the delay of the event loop. prom-client never lets go of what it watches, and the process outlives a server that restarts in place. */
function processMetrics(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}
