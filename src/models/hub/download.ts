import { join } from 'node:path';
import { isStorageFull, StorageFullError } from '../../errors.ts';
import type { Log } from '../../logs/log.ts';
import type { Storage } from '../../media/disk.ts';
import { type Hub, persist } from './client.ts';
import { fetchModel, type FileDesk, openFolder } from './fetch.ts';
import { readRelease, type Release } from './release.ts';

/** What a model is downloaded with. */
export interface DownloadParts {
  readonly hub: Hub;
  readonly storage: Pick<Storage, 'demandRoomFor'>;
  readonly log: Log;
  readonly turns: Turns;
  /** Hears that something of it changed. */
  readonly onChange: () => void;
  /** Bytes that all downloads of this server still wait for. */
  readonly bytesToCome: () => number;
}

/** From where to where. */
export interface DownloadOrder {
  readonly id: string;
  readonly repository: string;
  /** Folder of what has come so far, by commit. It outlives an interruption. */
  readonly workshop: string;
  /** The folder that the model becomes, on the same disk. */
  readonly place: string;
}

/** A model on its way from the hub. */
export interface Download {
  /** Bytes of the whole model, and those that are there; null until the hub has told. */
  readonly size: () => { readonly bytes: number; readonly there: number } | null;
  /** Settles when the hub has told the size and the disk has room for it, or at the first trouble. Throws StorageFullError. */
  readonly begun: Promise<void>;
  /** Why it ended before the model was installed; null where it is. */
  readonly ended: Promise<unknown>;
  readonly isStopped: () => boolean;
  readonly stop: () => void;
}

/** Starts to download a model; what an earlier download has left is gone on with. */
export function startDownload(order: DownloadOrder, parts: DownloadParts): Download {
  const { hub, storage, log, turns, onChange, bytesToCome } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const begun = Promise.withResolvers<void>();
  const there = new Map<string, number>();
  let release: Release | null = null;

  const onTrouble: FileDesk['onTrouble'] = (error) => {
    log.warn({ model: order.id, text: error.message }, 'model download tried again');
    begun.resolve();
  };
  const onBytes: FileDesk['onBytes'] = (file, bytes) => {
    there.set(file.name, bytes);
    onChange();
  };

  async function run(): Promise<void> {
    const { repository, workshop, place } = order;
    const found = await persist(() => readRelease(hub, repository, signal), {
      signal,
      pauseMs: hub.pauseMs,
      onTrouble,
    });
    const demandRoom = () => storage.demandRoomFor(0, workshop);
    const folder = join(workshop, found.commit);
    const desk: FileDesk = { hub, release: found, folder, signal, onBytes, onTrouble, demandRoom };
    await openFolder(desk);
    release = found;
    await storage.demandRoomFor(bytesToCome(), workshop);
    begun.resolve();
    log.info({ model: order.id, repository, commit: found.commit, ...size() }, 'model download begun');
    await turns.wait(signal, () => fetchModel(desk, place));
  }

  function size(): ReturnType<Download['size']> {
    if (release === null) return null;
    return { bytes: sum(release.files.map(({ bytes }) => bytes)), there: sum([...there.values()]) };
  }

  const ended = run().then(
    () => null,
    (error: unknown) => {
      if (isStorageFull(error)) begun.reject(asStorageFull(error));
      begun.resolve();
      return error;
    },
  );
  // It is for whoever asked; nobody need wait for it.
  begun.promise.catch(() => undefined);
  return { size, begun: begun.promise, ended, isStopped: () => signal.aborted, stop: () => stopping.abort() };
}

function asStorageFull(error: Error): StorageFullError {
  return error instanceof StorageFullError
    ? error
    : new StorageFullError('The disk of the server takes nothing.', { cause: error });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A few at a time; the others wait in the order in which they came. */
export interface Turns {
  /** Acts when it is one's turn, which lasts until that is done. Throws the reason of a signal that is aborted before. */
  wait<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T>;
}

/** Opens `places` places. */
export function openTurns(places: number): Turns {
  let taken = 0;
  const isFull = () => taken >= places;
  const waiting = new Set<() => void>();

  async function untilFree(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (isFull()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      waiting.delete(resolve);
      signal.throwIfAborted();
    }
  }

  return {
    async wait(signal, act) {
      await untilFree(signal);
      taken += 1;
      try {
        return await act();
      } finally {
        taken -= 1;
        // All of them: the first may have gone away.
        for (const wake of waiting) wake();
      }
    },
  };
}
