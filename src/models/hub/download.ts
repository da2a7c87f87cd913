import { join } from 'node:path';
import type { LimitFunction } from 'p-limit';
import { isStorageFull, StorageFullError } from '../../errors.ts';
import type { Log } from '../../logs/log.ts';
import type { DiskSpace } from '../../media/disk.ts';
import { retryTransfer } from '../../media/transfer.ts';
import type { Hub } from './client.ts';
import { type FetchJob, fetchModel, openFolder } from './fetch.ts';
import { type ModelRevision, readRevision } from './revision.ts';

/** What a model is downloaded with. */
export interface DownloadParts {
  readonly hub: Hub;
  readonly storage: Pick<DiskSpace, 'requireFreeSpaceFor'>;
  readonly log: Log;
  /** How many may fetch at a time. */
  readonly slots: LimitFunction;
  /** Hears that something of it changed. */
  readonly onChange: () => void;
  /** Bytes that all downloads of this server still wait for. */
  readonly missingBytes: () => number;
}

/** From where to where. */
export interface DownloadRequest {
  readonly id: string;
  readonly repository: string;
  /** Folder of what has come so far, by commit. It outlives an interruption. */
  readonly stagingDirectory: string;
  /** The folder that the model becomes, on the same disk. */
  readonly target: string;
}

/** A model on its way from the hub. */
export interface Download {
  /** Bytes of the whole model, and those that have come; null until the hub has told. */
  readonly size: () => { readonly bytes: number; readonly downloadedBytes: number } | null;
  /** Settles when the hub has told the size and the disk has room for it, or at the first trouble. Throws StorageFullError. */
  readonly started: Promise<void>;
  /** Why it ended before the model was installed; null where it is. */
  readonly ended: Promise<unknown>;
  readonly isStopped: () => boolean;
  readonly stop: () => void;
}

/** Starts to download a model; what an earlier download has left is gone on with. */
export function startDownload(request: DownloadRequest, parts: DownloadParts): Download {
  const { id, repository, stagingDirectory, target } = request;
  const { hub, storage, log, slots, onChange, missingBytes } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const started = Promise.withResolvers<void>();
  const downloaded = new Map<string, number>();
  let revision: ModelRevision | null = null;

  const onTrouble: FetchJob['onTrouble'] = (error) => {
    log.warn({ model: id, text: error.message }, 'model download tried again');
    started.resolve();
  };
  const onBytes: FetchJob['onBytes'] = (file, bytes) => {
    downloaded.set(file.name, bytes);
    onChange();
  };

  async function run(): Promise<void> {
    const retrying = { signal, pauseMs: hub.pauseMs, onTrouble };
    const found = await retryTransfer(() => readRevision(hub, repository, signal), retrying);
    const folder = join(stagingDirectory, found.commit);
    const requireFreeSpace = () => storage.requireFreeSpaceFor(0, stagingDirectory);
    const fetching: FetchJob = { hub, revision: found, folder, signal, onBytes, onTrouble, requireFreeSpace };
    await openFolder(fetching);
    revision = found;
    await storage.requireFreeSpaceFor(missingBytes(), stagingDirectory);
    started.resolve();
    log.info({ model: id, repository, commit: found.commit, ...size() }, 'model download started');
    await whenFree(slots, signal, () => fetchModel(fetching, target));
  }

  function size(): ReturnType<Download['size']> {
    if (revision === null) return null;
    return { bytes: sum(revision.files.map(({ bytes }) => bytes)), downloadedBytes: sum([...downloaded.values()]) };
  }

  const ended = run().then(
    () => null,
    (error: unknown) => {
      if (isStorageFull(error)) started.reject(asStorageFull(error));
      started.resolve();
      return error;
    },
  );
  // It is for whoever asked; nobody need wait for it.
  started.promise.catch(() => undefined);
  return { size, started: started.promise, ended, isStopped: () => signal.aborted, stop: () => stopping.abort() };
}

function asStorageFull(error: Error): StorageFullError {
  return error instanceof StorageFullError
    ? error
    : new StorageFullError('The disk of the server takes nothing.', { cause: error });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Acts when there is a free slot. Throws the reason of a signal that is aborted while it waits for one. */
async function whenFree(slots: LimitFunction, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  let running: Promise<void> | undefined;
  const turn = slots(() => {
    signal.throwIfAborted();
    return (running = act());
  });
  signal.throwIfAborted();
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await Promise.race([turn, aborted]);
  // Where it was aborted before its turn came, nothing runs; else what runs ends by itself.
  await (running ?? signal.throwIfAborted());
}
