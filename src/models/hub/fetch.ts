import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'undici';
import { syncToDisk } from '../../media/disk.ts';
import { bytesOf, retryTransfer, TransferError } from '../../media/transfer.ts';
import { askHub, type Hub, watchHub, WrongContentError } from './client.ts';
import type { ModelFile, ModelRevision } from './revision.ts';

/** Where the files of a revision go, and who watches. */
export interface FetchJob {
  readonly hub: Hub;
  readonly revision: ModelRevision;
  /** Holds files of this one commit: whole ones under their name, others as .part with the hub's tag for it beside. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Hears how much of a file is there. */
  readonly onBytes: (file: ModelFile, bytes: number) => void;
  /** Hears why something is tried again. */
  readonly onTrouble: (error: TransferError) => void;
  /** Throws StorageFullError where the disk is short of room. */
  readonly requireFreeSpace: () => Promise<void>;
}

/**
 * Brings a file into the folder, going on with what an earlier try left there, and checks it before it gets its name: a file under its name is whole
 * and on disk. Throws TransferError and StorageFullError; the part stays, unless it is wrong.
 */
async function fetchFile(file: ModelFile, fetching: FetchJob): Promise<void> {
  const { folder, signal, hub } = fetching;
  if ((await sizeOf(join(folder, file.name))) === file.bytes) return;
  const part = { path: join(folder, `${file.name}.part`), tag: join(folder, `${file.name}.etag`) };
  let downloaded = 0;
  const onBytes = (bytes: number): void => {
    downloaded = bytes;
    fetching.onBytes(file, bytes);
  };
  try {
    await retryTransfer(() => fetchRest(file, part, { ...fetching, onBytes }), {
      signal,
      pauseMs: hub.pauseMs,
      onTrouble: fetching.onTrouble,
      reached: () => downloaded,
    });
    if (!(await hasHash(part.path, file, signal))) throw new WrongContentError(file.name);
  } catch (error) {
    if (error instanceof WrongContentError) await rm(part.path, { force: true });
    throw error;
  }
  await syncFile(part.path);
  await rename(part.path, join(folder, file.name));
  await rm(part.tag, { force: true });
}

/** Bytes of a file that are in the folder, whole or in part. */
async function downloadedBytes({ name, bytes }: ModelFile, folder: string): Promise<number> {
  const [whole, part] = await Promise.all([sizeOf(join(folder, name)), sizeOf(join(folder, `${name}.part`))]);
  return whole === bytes ? whole : Math.min(part, bytes);
}

async function syncFile(path: string): Promise<void> {
  await using handle = await open(path, 'r+');
  await handle.sync();
}

/** A file of which not all is there. */
interface Part {
  readonly path: string;
  /** Holds the ETag under which its bytes came. */
  readonly tag: string;
}

/** Who wants the rest. */
interface RestFetch extends Omit<FetchJob, 'onBytes'> {
  /** Hears how much of the file is there. */
  readonly onBytes: (bytes: number) => void;
}

/** Bytes between two checks of the free space. */
const checkEveryBytes = 16 * 1_048_576;

/** Asks for what is missing of a file, once, and appends it; the file begins anew where the hub has another one by now, or does not send parts. */
async function fetchRest(file: ModelFile, part: Part, fetching: RestFetch): Promise<void> {
  const { hub, revision, signal } = fetching;
  const have = await sizeOf(part.path);
  if (have > 0 && have === file.bytes) return;
  using idle = watchHub(hub, signal);
  const headers = have > 0 && have < file.bytes ? await rangeHeaders(have, part) : {};
  const path = `${revision.repository}/resolve/${revision.commit}/${file.name}`;
  const response = await askHub(hub, path, { idle, headers });
  const from = await startOf(response, have, part);
  if (from === 0) await writeFile(part.tag, response.headers.get('etag') ?? '');
  fetching.onBytes(from);
  await using handle = await open(part.path, from === 0 ? 'w' : 'a');
  let [total, checkAt] = [from, from + checkEveryBytes];
  for await (const bytes of bytesOf(response, idle)) {
    total += bytes.length;
    if (total > file.bytes) throw new WrongContentError(file.name);
    if (total > checkAt) {
      await fetching.requireFreeSpace();
      checkAt = total + checkEveryBytes;
    }
    await handle.appendFile(bytes);
    fetching.onBytes(total);
  }
  if (total < file.bytes) throw new TransferError(`${file.name} ended early.`, { passes: true });
}

/** 0 where there is no file. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** A part is asked for only of the file that the bytes before it came from, where its tag is one that bytes can be told by (RFC 9110, 13.1.5). */
async function rangeHeaders(have: number, { tag }: Part): Promise<Readonly<Record<string, string>>> {
  const etag = await readFile(tag, 'utf8').catch(() => '');
  return { range: `bytes=${have}-`, ...(etag.startsWith('"') && { 'if-range': etag }) };
}

/** Where in the file the answer begins. */
async function startOf({ status, headers, body }: Response, have: number, part: Part): Promise<number> {
  if (status === 200) return 0;
  if (status === 206 && headers.get('content-range')?.startsWith(`bytes ${have}-`) === true) return have;
  await body?.cancel();
  await rm(part.path, { force: true });
  throw new TransferError('The hub sent another part than the one asked for.', { passes: true });
}

/** Read at once: hashing it takes a few milliseconds, in which nobody else has a turn. */
const chunkBytes = 1_048_576;

/** Whether the bytes on disk are those that the hub tells. */
async function hasHash(path: string, { hash, bytes }: ModelFile, signal: AbortSignal): Promise<boolean> {
  const sum = hash.kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
  await pipeline(createReadStream(path, { highWaterMark: chunkBytes }), sum, { signal });
  return sum.digest('hex') === hash.hex;
}

/**
 * Brings all files of a revision into the staging folder, one after the other, and gives the folder the name `target`, beside it on the same disk: nobody
 * sees half a model there, whatever happens. What was there without being a model is replaced. Throws TransferError, StorageFullError.
 */
export async function fetchModel(fetching: FetchJob, target: string): Promise<void> {
  const { folder, revision } = fetching;
  for (const file of revision.files) await fetchFile(file, fetching);
  await syncToDisk(folder);
  await rm(target, { recursive: true, force: true });
  await rename(folder, target);
  await syncToDisk(dirname(target));
}

/** Makes the folder for a revision, without what was left of other commits; tells `onBytes` what it holds. */
export async function openFolder({ folder, revision, onBytes }: FetchJob): Promise<void> {
  await mkdir(folder, { recursive: true });
  const others = (await readdir(dirname(folder))).filter((name) => name !== revision.commit);
  await Promise.all(others.map((name) => rm(join(dirname(folder), name), { recursive: true, force: true })));
  for (const file of revision.files) onBytes(file, await downloadedBytes(file, folder));
}
