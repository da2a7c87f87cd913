import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { readConfig } from '#src/config/config.ts';
import { openGuardedAgent } from '#src/media/address-guard.ts';
import { openDiskSpace } from '#src/media/disk.ts';
import { type Downloads, type DownloadState, openDownloads } from '#src/models/downloads.ts';
import type { Hub } from '#src/models/hub/client.ts';
import { isInstalled } from '#src/models/installed.ts';
import { openNotifier, subscribe } from '#src/store/notifier.ts';
import type { HubRequest, TestHub } from './hub.ts';

const repository = 'Systran/faster-whisper-tiny';
const defaults = readConfig(join(import.meta.dirname, '../..'), {});
const never = new AbortController().signal;

/** A model directory with the downloads that arrive in it, all of the model `tiny` unless another is named. */
export interface ModelHarness extends AsyncDisposable {
  readonly modelDirectory: string;
  readonly downloads: Downloads;
  /** Ends the downloads and opens them anew, as a server does that is started again. */
  again(): Promise<void>;
  start(id?: string): Promise<void>;
  /** Waits for a state of a download. */
  until(asked: (state: DownloadState) => boolean | Promise<boolean>, id?: string): Promise<DownloadState>;
  /** Waits until so many bytes of a file that is on its way are on disk. */
  untilThere(name: string, bytes: number): Promise<void>;
  /** Waits for the end of a download, and answers what is wrong with it. */
  ended(id?: string): Promise<string | null>;
  /** Downloads to the end, and answers what is wrong with it. */
  download(id?: string): Promise<string | null>;
  isInstalled(): Promise<boolean>;
}

interface ModelHarnessOptions {
  /** A folder of a disk that the test has made. */
  readonly folder?: string;
  readonly minFreeBytes?: number;
}

/** Opens a harness whose downloads come from this hub and pause for a millisecond when it is in trouble. */
export async function openModelHarness(hub: Partial<Hub>, options: ModelHarnessOptions = {}): Promise<ModelHarness> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'phonograph-')));
  const modelDirectory = join(folder, 'models');
  const staging = join(modelDirectory, '.downloads/tiny');
  const config = { ...defaults, server: { ...defaults.server, modelDirectory } };
  const notifier = openNotifier();
  const open = () =>
    openDownloads({
      config,
      storage: openDiskSpace({ dataDirectory: folder, minFreeBytes: options.minFreeBytes ?? 0 }),
      notifier,
      log: pino({ level: 'silent' }),
      hub: {
        endpoint: '',
        token: null,
        agent: openGuardedAgent({ trustedHost: '127.0.0.1', allowedCidrs: [] }),
        silenceMs: 30_000,
        pauseMs: 1,
        ...hub,
      },
    });
  let downloads = open();
  const harness: ModelHarness = {
    modelDirectory,
    get downloads() {
      return downloads;
    },
    async again() {
      await downloads[Symbol.asyncDispose]();
      downloads = open();
    },
    start: (id = 'tiny') => downloads.start(id, repository),
    async until(asked, id = 'tiny') {
      using subscription = subscribe(notifier, 'model', id);
      for (;;) {
        const state = downloads.state(id);
        if (await asked(state)) return state;
        await subscription.changes(never);
      }
    },
    async untilThere(name, bytes) {
      await harness.until(async () => {
        const names = await readdir(staging, { recursive: true }).catch(() => []);
        const part = names.find((each) => each.endsWith(`${name}.part`));
        return part !== undefined && (await stat(join(staging, part))).size === bytes;
      });
    },
    ended: async (id) => (await harness.until(({ downloading }) => downloading === null, id)).problem,
    async download(id) {
      await harness.start(id);
      return harness.ended(id);
    },
    isInstalled: () => isInstalled(config, 'tiny'),
    async [Symbol.asyncDispose]() {
      await downloads[Symbol.asyncDispose]();
      await rm(modelDirectory, { recursive: true, force: true });
      if (options.folder === undefined) await rm(folder, { recursive: true });
    },
  };
  return harness;
}

/** The model lies in the harness, byte by byte as the hub has it, and nothing beside it. */
export async function assertWhole({ modelDirectory }: ModelHarness, { files }: TestHub): Promise<void> {
  const folder = join(modelDirectory, 'tiny');
  const names = ['config.json', 'model.bin', 'tokenizer.json', 'vocabulary.txt'];
  assert.deepEqual((await readdir(folder)).toSorted(), names);
  for (const name of names) assert.deepEqual(await readFile(join(folder, name)), files.get(name), name);
  assert.deepEqual(await readdir(join(modelDirectory, '.downloads')), []);
}

/** The requests that bytes of a file were to come by. */
export function requestsFor(name: string, { requests }: TestHub): readonly HubRequest[] {
  return requests.filter((request) => isFor(name, request));
}

/** Whether bytes of a file are to come by a request. */
export function isFor(name: string, { host, path }: HubRequest): boolean {
  return name === 'model.bin' ? host === 'content' : path.includes('/resolve-cache/') && path.endsWith(name);
}
