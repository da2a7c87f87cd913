import type { Config } from '#src/config/config.ts';
import { isStorageFull, MediaRejectedError, RequestError } from '#src/errors.ts';
import type { Job, JobFailure } from '#src/jobs/job.ts';
import type { Log } from '#src/logs/log.ts';
import { openGuardedAgent } from '#src/media/address-guard.ts';
import { type DiskSpace, mediaFolder } from '#src/media/disk.ts';
import { type Fetching, fetchRecording } from '#src/media/fetch-recording.ts';
import type { MediaStore } from '#src/media/store.ts';
import { TransferError } from '#src/media/transfer.ts';
import type { Notifier } from '#src/store/notifier.ts';
import type { JobDownloads, JobReader, WaitingDownload } from '#src/store/store.ts';
import { failure } from './failure-hints.ts';
import { repeat } from '#src/operations/repeat.ts';
import { retry } from '#src/operations/retry.ts';
import { openWakeUp } from '#src/operations/wake-up.ts';

/** What recordings are fetched with that are given by URL. */
interface DownloadParts {
  readonly store: JobDownloads & Pick<JobReader, 'job'>;
  /** A node that was not heard of for so long fetches nothing any more. */
  readonly leaseMs: number;
  readonly notifier: Notifier;
  readonly media: Pick<MediaStore, 'arrive' | 'remove'>;
  readonly storage: DiskSpace;
  readonly config: Config;
  readonly log: Log;
}

/** For what this process is not told of, such as another one that died. */
const slowTickMs = 1000;
/** A lease is renewed so often while it lasts, as that of a job is. */
const renewalsPerLease = 3;
/** 4 GiB come within it over a line of 100 KB/s; radio that somebody gives for a recording ends with it. */
const longestMs = 12 * 60 * 60 * 1000;

/** A recording on its way. */
interface Download {
  readonly caller: string;
  readonly unwanted: AbortController;
  readonly running: Promise<void>;
}

/**
 * Fetches the recordings of jobs that wait for them, `maxDownloads` at a time and one of a caller, callers in turns. What has come when the server stops, or is
 * killed, is gone on with by the next start.
 */
export function startDownloads(parts: DownloadParts): AsyncDisposable {
  const { store, notifier, config, log } = parts;
  const stopping = new AbortController();
  const wakeUp = openWakeUp();
  const downloads = new Map<string, Download>();
  /** When a caller had its last turn, by a count of all turns. */
  const turns = new Map<string, number>();
  let turn = 0;
  const agent = openGuardedAgent({ allowedCidrs: config.server.urlAllowedCidrs, usesEnvProxy: config.usesEnvProxy });
  const fetching: Fetching = {
    agent,
    allowedCidrs: config.server.urlAllowedCidrs,
    maxBytes: config.server.maxUploadBytes,
    space: parts.storage,
    folder: mediaFolder(config.server),
    silenceMs: 60_000, // What slow lines need, as of the hub that models come from.
    pauseMs: 1000,
  };

  const ask = <T>(what: string, act: () => Promise<T>): Promise<T> =>
    retry(act, { log, what, signal: stopping.signal });

  async function fill(): Promise<void> {
    while (downloads.size < config.server.maxDownloads && !stopping.signal.aborted) {
      const waiting = await ask('waitingDownloads', () => store.waitingDownloads());
      const busy = new Set([...downloads.values()].map(({ caller }) => caller));
      const [next] = waiting
        .filter(({ caller }) => !busy.has(caller))
        .toSorted((a, b) => (turns.get(a.caller) ?? 0) - (turns.get(b.caller) ?? 0));
      if (next === undefined) return;
      turns.set(next.caller, (turn += 1));
      start(next);
    }
  }

  function start(next: WaitingDownload): void {
    const unwanted = new AbortController();
    const signal = AbortSignal.any([stopping.signal, unwanted.signal]);
    const running = download(next, { ...parts, fetching, ask, signal, unwanted: unwanted.signal }).finally(() => {
      downloads.delete(next.id);
      wakeUp.wake();
    });
    downloads.set(next.id, { caller: next.caller, unwanted, running });
  }

  /** Whoever cancelled or deleted a job does not wait for the other side to say something. */
  async function look(id: string): Promise<void> {
    const running = downloads.get(id);
    if (running !== undefined && (await store.job(id))?.status !== 'QUEUED') running.unwanted.abort();
  }

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      await fill();
      await wakeUp.sleep(slowTickMs);
    }
  }

  const working = work().catch((err: unknown) => {
    if (!stopping.signal.aborted) log.fatal({ err }, 'recordings are no longer fetched');
  });
  const listening = [
    notifier.listen('queue', wakeUp.wake),
    notifier.listen('job', (id) => {
      look(id).catch((err: unknown) => log.error({ job: id, err }, 'download not looked at'));
    }),
  ];
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      for (const each of listening) each[Symbol.dispose]();
      stopping.abort();
      wakeUp.wake();
      await working;
      await Promise.all([...downloads.values()].map(({ running }) => running));
      await agent.destroy();
    },
  };
}

/** One download, with how the store is asked, and who ends it. */
interface DownloadRun extends DownloadParts {
  readonly fetching: Fetching;
  readonly ask: <T>(what: string, act: () => Promise<T>) => Promise<T>;
  /** The server stops, or nobody wants it any more. */
  readonly signal: AbortSignal;
  readonly unwanted: AbortSignal;
}

/** Fetches a recording and writes what became of it. Never rejects. */
async function download({ id }: WaitingDownload, run: DownloadRun): Promise<void> {
  const { store, leaseMs } = run;
  const log = run.log.child({ job: id });
  try {
    // The list of what waits may be older than the end of the download before: what is there by now is the job's.
    const wanted = await run.ask('claimDownload', () => store.claimDownload(id, leaseMs));
    if (wanted !== null) await fetchClaimed(wanted, { ...run, log });
  } catch (err) {
    if (!run.signal.aborted) log.error({ err }, 'download is left to the next start');
  } finally {
    // Where it cannot be released, it is over with its lease.
    await store.releaseDownload(id).catch((err: unknown) => log.warn({ err }, 'download not released'));
  }
}

async function fetchClaimed(wanted: WaitingDownload, run: DownloadRun): Promise<void> {
  const { id, kept } = wanted;
  const { store, media, log, leaseMs } = run;
  const start = performance.now();
  const lost = new AbortController();
  const renew = async () => {
    if (!(await store.renewDownload(id, leaseMs))) lost.abort();
  };
  await using renewing = repeat(leaseMs / renewalsPerLease, renew, (err) => log.warn({ err }, 'download not renewed'));
  log.info({ host: new URL(wanted.url).hostname }, 'download started');
  const ending = await fetchAndKeep(wanted, { ...run, signal: AbortSignal.any([run.signal, lost.signal]) });
  await renewing[Symbol.asyncDispose]();
  const ms = Math.round(performance.now() - start);
  if (run.unwanted.aborted || lost.signal.aborted) {
    await media.remove(kept);
    log.info({ ms }, run.unwanted.aborted ? 'download cancelled' : 'download left to another node');
  } else if (ending === null) {
    log.info({ ms }, 'download interrupted');
  } else if ('code' in ending) {
    // Where a retry does not go on with it, it only takes room.
    if (ending.code !== 'DOWNLOAD_FAILED') await media.remove(kept);
    await run.ask('failDownload', () => store.failDownload(id, ending));
    log.warn({ code: ending.code, text: ending.message, ms }, 'download failed');
  } else {
    const isWanted = await run.ask('finishDownload', () => store.finishDownload(id, ending));
    // Where the answer before was lost, the job has it already.
    if (!isWanted && !isOf(await store.job(id), kept)) await media.remove(kept);
    log.info({ bytes: ending.bytes, ms }, 'download finished');
  }
}

function isOf(job: Job | null, kept: string): boolean {
  return job !== null && 'kept' in job.media.key && job.media.key.kept === kept;
}

/** Fetches a recording: what it is now that it is there, why it did not come, or null where nobody waits for it any more. */
async function fetchAndKeep(
  wanted: WaitingDownload,
  { store, media, log, signal, fetching }: DownloadRun,
): Promise<{ readonly bytes: number; readonly sha256: string } | JobFailure | null> {
  const late = AbortSignal.timeout(longestMs);
  try {
    await using arrival = await media.arrive(wanted.kept, signal);
    await fetchRecording(
      {
        ...wanted,
        signal: AbortSignal.any([signal, late]),
        onBegin: async (found) => {
          await store.beginDownload(wanted.id, found);
        },
        onBytes: reporter((fraction) => store.progressDownload(wanted.id, fraction)),
        onTrouble: ({ message }) => log.warn({ text: message, bytes: arrival.bytes }, 'download tried again'),
      },
      arrival,
      fetching,
    );
    return { bytes: arrival.bytes, sha256: await arrival.keep() };
  } catch (error) {
    if (signal.aborted) return null;
    if (late.aborted) return failure('DOWNLOAD_FAILED', 'The recording did not come within 12 hours.');
    return failureOf(error, log);
  }
}

/** Enough for a bar that moves, and few enough to be kept as events. */
const reportMs = 1000;
const reportFraction = 0.01;

/** Tells how much is there, each percent, but not more than once a second. */
function reporter(
  tell: (fraction: number) => Promise<unknown>,
): (bytes: number, total: number | null) => Promise<void> {
  let [toldAt, told] = [Number.NEGATIVE_INFINITY, 0];
  return async (bytes, total) => {
    const fraction = total === null || total === 0 ? 0 : bytes / total;
    const now = performance.now();
    if (now - toldAt < reportMs || fraction - told < reportFraction) return;
    [toldAt, told] = [now, fraction];
    await tell(fraction);
  };
}

/** A signed address is no longer valid, a file is gone: the same address does not help. */
const addressHint = 'Check the address, or ask for a new one where it ends after a time, and submit it again.';

function failureOf(error: unknown, log: Log): JobFailure {
  if (error instanceof TransferError)
    return failure('DOWNLOAD_FAILED', error.message, error.passes ? {} : { retryable: false, hint: addressHint });
  if (error instanceof MediaRejectedError)
    return failure(error.reason === 'TOO_LARGE' ? 'MEDIA_TOO_LARGE' : 'MEDIA_EMPTY', error.message);
  // What came stays here, and is put there by a retry.
  if (error instanceof RequestError) return failure('DOWNLOAD_FAILED', error.message, { hint: error.hint });
  if (isStorageFull(error)) return failure('STORAGE_FULL', 'The disk of the server is full.');
  log.error({ err: error }, 'download failed for a reason of our own');
  return failure('INTERNAL', 'The recording could not be fetched.');
}
