import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { syncFolder } from '../../media/disk.ts';
import { askHub, type Hub, HubError, openSilence, persist, type Silence, WrongContentError } from './client.ts';
import type { Release, ReleaseFile } from './release.ts';

/** Where the files of a release go, and who watches. */
export interface FileDesk {
  readonly hub: Hub;
  readonly release: Release;
  /** Holds files of this one commit: whole ones under their name, others as .part with the hub's tag for it beside. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Hears how much of a file is there. */
  readonly onBytes: (file: ReleaseFile, bytes: number) => void;
  /** Hears why something is tried again. */
  readonly onTrouble: (error: HubError) => void;
  /** Throws StorageFullError where the disk is short of room. */
  readonly demandRoom: () => Promise<void>;
}

/**
 * Brings a file into the folder, going on with what an earlier try left there, and checks it before it gets its name: a file under its name is whole
 * and on disk. Throws HubError and StorageFullError; the part stays, unless it is wrong.
 */
async function fetchFile(file: ReleaseFile, desk: FileDesk): Promise<void> {
  const { folder, signal, hub } = desk;
  if ((await sizeOf(join(folder, file.name))) === file.bytes) return;
  const part = { path: join(folder, `${file.name}.part`), tag: join(folder, `${file.name}.etag`) };
  let there = 0;
  const onBytes = (bytes: number): void => {
    there = bytes;
    desk.onBytes(file, bytes);
  };
  try {
    await persist(() => fetchRest(file, part, { ...desk, onBytes }), {
      signal,
      pauseMs: hub.pauseMs,
      onTrouble: desk.onTrouble,
      reached: () => there,
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
async function bytesThere({ name, bytes }: ReleaseFile, folder: string): Promise<number> {
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
interface RestDesk extends Omit<FileDesk, 'onBytes'> {
  /** Hears how much of the file is there. */
  readonly onBytes: (bytes: number) => void;
}

/** Bytes between two looks at the room that is left. */
const lookBytes = 16 * 1_048_576;

/** Asks for what is missing of a file, once, and appends it; the file begins anew where the hub has another one by now, or does not send parts. */
async function fetchRest(file: ReleaseFile, part: Part, desk: RestDesk): Promise<void> {
  const { hub, release, signal } = desk;
  const there = await sizeOf(part.path);
  if (there > 0 && there === file.bytes) return;
  using silence = openSilence(signal, hub.silenceMs);
  const headers = there > 0 && there < file.bytes ? await rangeHeaders(there, part) : {};
  const path = `${release.repository}/resolve/${release.commit}/${file.name}`;
  const response = await askHub(hub, path, { silence, headers });
  const from = await startOf(response, there, part);
  if (from === 0) await writeFile(part.tag, response.headers.get('etag') ?? '');
  desk.onBytes(from);
  await using handle = await open(part.path, from === 0 ? 'w' : 'a');
  let [total, lookAt] = [from, from + lookBytes];
  for await (const bytes of bytesOf(response, silence)) {
    total += bytes.length;
    if (total > file.bytes) throw new WrongContentError(file.name);
    if (total > lookAt) {
      await desk.demandRoom();
      lookAt = total + lookBytes;
    }
    await handle.appendFile(bytes);
    desk.onBytes(total);
  }
  if (total < file.bytes) throw new HubError(`${file.name} ended early.`, { passes: true });
}

/** 0 where there is no file. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** A part is asked for only of the file that the bytes before it came from, where its tag is one that bytes can be told by (RFC 9110, 13.1.5). */
async function rangeHeaders(there: number, { tag }: Part): Promise<Readonly<Record<string, string>>> {
  const etag = await readFile(tag, 'utf8').catch(() => '');
  return { range: `bytes=${there}-`, ...(etag.startsWith('"') && { 'if-range': etag }) };
}

/** Where in the file the answer begins. */
async function startOf({ status, headers, body }: Response, there: number, part: Part): Promise<number> {
  if (status === 200) return 0;
  if (status === 206 && headers.get('content-range')?.startsWith(`bytes ${there}-`) === true) return there;
  await body?.cancel();
  await rm(part.path, { force: true });
  throw new HubError('The hub sent another part than the one asked for.', { passes: true });
}

/** The bytes of an answer as they come. Throws HubError where they stop coming. */
async function* bytesOf({ body }: Response, silence: Silence): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await silence.explain(reader.read());
      if (done) return;
      silence.heard();
      yield value;
    }
  } finally {
    // What is not wanted any more need not come; a stream that broke has said so already.
    await reader.cancel().catch(() => undefined);
  }
}

/** Read at once: hashing it takes a few milliseconds, in which nobody else has a turn. */
const chunkBytes = 1_048_576;

/** Whether the bytes on disk are those that the hub tells. */
async function hasHash(path: string, { hash, bytes }: ReleaseFile, signal: AbortSignal): Promise<boolean> {
  const sum = hash.kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
  await pipeline(createReadStream(path, { highWaterMark: chunkBytes }), sum, { signal });
  return sum.digest('hex') === hash.hex;
}

/**
 * Brings all files of a release into the desk's folder, one after the other, and gives the folder the name `place`, beside it on the same disk: nobody
 * sees half a model there, whatever happens. What was at the place without being a model is replaced. Throws HubError, StorageFullError.
 */
export async function fetchModel(desk: FileDesk, place: string): Promise<void> {
  const { folder, release } = desk;
  for (const file of release.files) await fetchFile(file, desk);
  await syncFolder(folder);
  await rm(place, { recursive: true, force: true });
  await rename(folder, place);
  await syncFolder(dirname(place));
}

/** Makes the folder for a release, without what was left of other commits; tells `onBytes` what it holds. */
export async function openFolder({ folder, release, onBytes }: FileDesk): Promise<void> {
  await mkdir(folder, { recursive: true });
  const others = (await readdir(dirname(folder))).filter((name) => name !== release.commit);
  await Promise.all(others.map((name) => rm(join(dirname(folder), name), { recursive: true, force: true })));
  for (const file of release.files) onBytes(file, await bytesThere(file, folder));
}
