import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Config } from '../config/config.ts';
import { isStorageFull } from '../errors.ts';
import type { Log } from '../logs/log.ts';
import type { DiskSpace } from '../media/disk.ts';
import type { Notifier } from '../store/notifier.ts';
import { TransferError } from '../media/transfer.ts';
import { type Hub, hubOf } from './hub/client.ts';
import { type Download, startDownload } from './hub/download.ts';
import { modelPath } from './installed.ts';

/** The models that are on their way from the hub. Disposing of it stops them; what has come stays for the next time. */
export interface Downloads extends AsyncDisposable {
  state(id: string): DownloadState;
  /** The models that are downloaded, or whose last download failed. */
  ids(): readonly string[];
  /**
   * Downloads a model, unless that is being done already. Settles when it has begun, or is in trouble: `state` tells. Throws StorageFullError where
   * the disk has no room for it.
   */
  start(id: string, repository: string): Promise<void>;
  /** Ends the download, if there is one, and removes what has come. */
  cancel(id: string): Promise<void>;
}

/** What is known of a model's download. */
export interface DownloadState {
  /** 0 to 1; null where it is not downloaded now. */
  readonly downloading: number | null;
  /** Why the last download failed; null where it did not, or was none. */
  readonly problem: string | null;
  /** Bytes of all files; null where the hub was not asked yet. */
  readonly bytes: number | null;
}

/** What models are downloaded with; `hub` is that of the settings where absent. */
export interface DownloadsParts {
  readonly config: Config;
  readonly storage: Pick<DiskSpace, 'requireFreeSpaceFor'>;
  /** Told of each model of which something changes, and of each that was installed. */
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly log: Log;
  readonly hub?: Hub;
}

/** More at a time only come more slowly. */
const downloadsAtOnce = 2;

/** Opens the place where models arrive. */
export function openDownloads({ config, storage, notifier, log, hub = hubOf(config) }: DownloadsParts): Downloads {
  const slots = pLimit(downloadsAtOnce);
  const running = new Map<string, Download & { readonly settled: Promise<void> }>();
  const past = new Map<string, Omit<DownloadState, 'downloading'>>();
  const stagingOf = (id: string) => join(config.server.modelDirectory, '.downloads', id);
  const missingBytes = () =>
    [...running.values()].reduce((sum, { size }) => sum + (size()?.bytes ?? 0) - (size()?.downloadedBytes ?? 0), 0);

  function begin(id: string, repository: string): Promise<void> {
    const wanted = { id, repository, stagingDirectory: stagingOf(id), target: modelPath(config, id) };
    const onChange = () => notifier.notify('model', id);
    const download = startDownload(wanted, { hub, storage, log, slots, onChange, missingBytes: missingBytes });
    const settled = settle(id, download);
    running.set(id, { ...download, settled });
    onChange();
    return download.started;
  }

  async function settle(id: string, download: Download): Promise<void> {
    const error = await download.ended;
    const isFailed = error !== null && !download.isStopped();
    const problem = isFailed ? explain(error) : null;
    if (error === null) await sweep(id);
    past.set(id, { problem, bytes: download.size()?.bytes ?? past.get(id)?.bytes ?? null });
    running.delete(id);
    if (problem !== null) log.error({ model: id, text: problem, err: error }, 'model download failed');
    else log.info({ model: id }, error === null ? 'model installed' : 'model download stopped');
    if (error === null) notifier.notify('modelInstalled', id);
    notifier.notify('model', id);
  }

  /** Removes what came of a download. Where that fails, the files only take room until the next download of this model. */
  async function sweep(id: string): Promise<void> {
    await rm(stagingOf(id), { recursive: true, force: true }).catch((err: unknown) =>
      log.warn({ model: id, err }, 'model parts not removed'),
    );
  }

  async function stop(id: string): Promise<void> {
    running.get(id)?.stop();
    await running.get(id)?.settled;
  }

  return {
    ids: () => [...running.keys(), ...[...past].flatMap(([id, { problem }]) => (problem === null ? [] : [id]))],
    state(id) {
      const { problem = null, bytes = null } = past.get(id) ?? {};
      const download = running.get(id);
      if (download === undefined) return { downloading: null, problem, bytes };
      const size = download.size();
      return {
        downloading: size === null ? 0 : size.downloadedBytes / Math.max(1, size.bytes),
        problem: null,
        bytes: size?.bytes ?? bytes,
      };
    },
    async start(id, repository) {
      // One that is being cancelled ends first.
      while (running.get(id)?.isStopped() === true) await stop(id);
      await (running.get(id)?.started ?? begin(id, repository));
    },
    async cancel(id) {
      await stop(id);
      await sweep(id);
      const { bytes = null } = past.get(id) ?? {};
      past.set(id, { problem: null, bytes });
      notifier.notify('model', id);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.keys()].map(stop));
    },
  };
}

/** Why a download failed, for a person who looks at the model. */
function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return `The server may not write into its model directory (${code}).`;
  if (error instanceof TransferError) return error.message;
  if (isStorageFull(error)) return code === 'STORAGE_FULL' ? error.message : 'The disk of the server is full.';
  return 'The download failed; the log of the server tells why.';
}
