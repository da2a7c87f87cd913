import { createHash, randomUUID } from 'node:crypto';
import { type Dirent, existsSync } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import mime from 'mime';
import { CommandError } from '../errors.ts';
import type { Format } from './formats.ts';

/** Something to transcribe. */
export interface Recording {
  /** As it was given, or found in a folder that was given: what is shown. */
  readonly name: string;
  readonly source: { readonly kind: 'FILE'; readonly path: string } | { readonly kind: 'URL'; readonly url: string };
}

/** What the arguments of a command name: files, what lies in folders, addresses. Throws a CommandError where there is none. */
export async function recordingsOf(inputs: readonly string[], recursive: boolean): Promise<readonly Recording[]> {
  const found = await Promise.all(inputs.map((input) => recordingsIn(input, recursive)));
  // Each once, also where it is named and lies in a folder that is.
  const recordings = [...new Map(found.flat().map((each) => [keyOf(each), each])).values()];
  if (recordings.length > 0) return recordings;
  const hint = recursive ? null : 'Folders in it are looked into with --recursive.';
  throw new CommandError(`There is no recording in ${inputs.join(', ')}.`, undefined, hint);
}

function keyOf({ source }: Recording): string {
  return source.kind === 'URL' ? source.url : source.path;
}

async function recordingsIn(input: string, recursive: boolean): Promise<readonly Recording[]> {
  if (/^https?:\/\//iu.test(input)) return [{ name: input, source: { kind: 'URL', url: input } }];
  const found = await stat(input).catch((error: unknown) => {
    throw unreadable(input, error);
  });
  return found.isDirectory() ? await recordingsOfFolder(input, recursive) : [fileRecording(input)];
}

/** By the endings of names, in order; hidden files, and those that a browser or a copy is still at, are left out. */
export async function recordingsOfFolder(folder: string, recursive: boolean): Promise<readonly Recording[]> {
  const entries = await entriesOf(folder, recursive);
  const named = entries.filter(({ name }) => isRecording(name));
  const paths = await Promise.all(named.map(async (entry) => ((await isMeant(entry)) ? [pathOf(entry)] : [])));
  return paths.flat().toSorted().map(fileRecording);
}

/** Folders in it may go while it is read. */
async function entriesOf(folder: string, recursive: boolean): Promise<readonly Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(folder, error);
  });
  const folders = recursive ? entries.filter((entry) => entry.isDirectory()) : [];
  const below = folders.map(async ({ name }) => {
    const inner = join(folder, name);
    return await entriesOf(inner, true).catch((error: unknown) => {
      if (existsSync(inner)) throw error;
      return [];
    });
  });
  return [...entries, ...(await Promise.all(below)).flat()];
}

function pathOf({ parentPath, name }: Dirent): string {
  return join(parentPath, name);
}

/** Whether it is a file, or a link to one, and no TypeScript. What cannot be read is told when it is to be sent. */
async function isMeant(entry: Dirent): Promise<boolean> {
  const path = pathOf(entry);
  const found = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
  if (found?.isFile() !== true) return false;
  return !/\.m?ts$/iu.test(path) || (await isTransportStream(path).catch(() => true));
}

/** Of files of one ending some are films and others are TypeScript; each packet of MPEG-TS begins with this byte, on Blu-rays after a time of four. */
async function isTransportStream(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(5), 0, 5, 0);
    return buffer[0] === 0x47 || buffer[4] === 0x47;
  } finally {
    await file.close();
  }
}

function fileRecording(path: string): Recording {
  return { name: path, source: { kind: 'FILE', path: resolve(path) } };
}

/** Endings of recordings that have no media type. */
const others: ReadonlySet<string> = new Set('.ac3 .ape .dts .eac3 .gsm .mpc .rm .tta .voc .w64 .wv'.split(' '));

/** Whether a name is that of a recording. */
export function isRecording(name: string): boolean {
  if (name.startsWith('.')) return false;
  // Playlists are text, and name other files.
  const type = mime.getType(name) ?? '';
  return others.has(extname(name).toLowerCase()) || /^(?:audio|video)\/(?!.*(?:mpegurl|scpls))/u.test(type);
}

/** A file of a transcript. */
export interface Place {
  readonly format: Format;
  readonly path: string;
}

/** Where the files of a transcript go, one a format: beside the recording, or into the folder `output`; nowhere where that is null. */
export async function placesOf(
  { source }: Recording,
  { formats, output }: { readonly formats: readonly Format[]; readonly output: string | null | undefined },
): Promise<readonly Place[]> {
  if (output === null) return [];
  const path = source.kind === 'FILE' ? source.path : resolve(nameOfUrl(source.url));
  const folder = output === undefined ? dirname(path) : resolve(output);
  const name = source.kind === 'FILE' && (await hasTwin(path)) ? basename(path) : basename(path, extname(path));
  return formats.map((format) => ({ format, path: join(folder, `${name}.${format}`) }));
}

/** Two recordings of a folder that differ in their endings alone would have one transcript: theirs have the whole names. */
async function hasTwin(path: string): Promise<boolean> {
  const stem = basename(path, extname(path));
  const names = await readdir(dirname(path));
  return names.some((name) => name !== basename(path) && basename(name, extname(name)) === stem && isRecording(name));
}

function nameOfUrl(url: string): string {
  const { pathname, hostname } = new URL(url);
  const last = pathname.split('/').findLast((part) => part !== '') ?? hostname;
  try {
    return basename(decodeURIComponent(last));
  } catch {
    return basename(last);
  }
}

/** What tells a state of a file from every other one. Throws a CommandError where there is no file to read: a pipe would be waited for. */
export async function stateOf(path: string): Promise<string> {
  const [real, found] = await Promise.all([realpath(path), stat(path)]).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isFile()) throw new CommandError(`${path} is no file.`);
  return JSON.stringify([real, found.size, found.mtimeMs]);
}

/** The same for the same recording and options within a day: who asks twice, or again after an interruption, is led to the first job. */
export async function idempotencyKeyOf({ source }: Recording, options: unknown): Promise<string> {
  // What an address leads to may have changed meanwhile.
  const what = source.kind === 'FILE' ? await stateOf(source.path) : randomUUID();
  return `cli_${createHash('sha256')
    .update(JSON.stringify([what, options]))
    .digest('base64url')}`;
}

function unreadable(path: string, error: unknown): CommandError {
  return new CommandError(`${path} cannot be read: ${reasonOf(error)}.`);
}

/** Why a file cannot be read or written, in the words of the system. */
export function reasonOf(error: unknown): string {
  const { code, message }: Partial<NodeJS.ErrnoException> = error instanceof Error ? error : {};
  const known = new Map([
    ['ENOENT', 'there is no such file'],
    ['EACCES', 'permission is denied'],
    ['ENOSPC', 'the disk is full'],
    ['EROFS', 'the disk is read-only'],
  ]);
  return known.get(code ?? '') ?? message ?? String(error);
}
