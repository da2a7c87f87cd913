import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Config } from '../config/config.ts';

/** A Whisper model: whether it lies in the model directory. */
export interface Model {
  readonly id: string;
  readonly installed: boolean;
  /** Size of `model.bin` and the files beside it; null when it is not installed. */
  readonly bytes: number | null;
  /** Why its folder, where there is one, holds no whole model. */
  readonly problem: string | null;
}

/** What lies in the folder of a model: all of it, or why it is not installed; `because` null = there is no such folder. */
type Found =
  | { readonly installed: true; readonly bytes: number }
  | { readonly installed: false; readonly because: string | null };

/** Files without which faster-whisper would go to the network or fail; vocabulary comes as .json or .txt. */
const needed = ['model.bin', 'config.json', 'tokenizer.json'];

/** The folder of a model. */
export function modelPath(config: Config, id: string): string {
  return join(config.server.modelDirectory, id);
}

/** Whether `id` names a folder that holds a whole CTranslate2 model. */
export async function isInstalled(config: Config, id: string): Promise<boolean> {
  return (await find(config, id)).installed;
}

/** Ids are folder names: no separators, nothing hidden. */
export function isModelId(id: string): boolean {
  return /^[\w][\w.-]{0,99}$/u.test(id);
}

/** The ids of the models of the modes. */
export function modelsOfModes({ transcription }: Config): readonly string[] {
  return [...new Set(Object.values(transcription.modes).map(({ model }) => model))];
}

/** The ids of the models that are installed, by name. */
export async function installedModels(config: Config): Promise<readonly string[]> {
  const ids = (await namesIn(config.server.modelDirectory)).filter(isModelId).toSorted();
  const installed = await Promise.all(ids.map((id) => isInstalled(config, id)));
  return ids.filter((_, at) => installed[at]);
}

/** One model as it is now. */
export async function readModel(config: Config, id: string): Promise<Model> {
  const found = await find(config, id);
  return {
    id,
    installed: found.installed,
    bytes: found.installed ? found.bytes : null,
    problem: found.installed ? null : found.because,
  };
}

/** Whisper's .en models and all of distil-whisper's were trained on English alone. */
export function languagesOf(id: string): string {
  return id.startsWith('distil-') || id.endsWith('.en') ? 'English' : 'multilingual';
}

/** What a folder is called from when its model is removed until its files are gone. */
const removedPrefix = '.removed-';

/** Removes an installed model: its folder goes out of sight in one step, then its files go. One that somebody else removes meanwhile is gone too. */
export async function removeModel(config: Config, id: string): Promise<void> {
  const removed = join(config.server.modelDirectory, removedPrefix + nanoid());
  await rename(modelPath(config, id), removed).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(removed, { recursive: true, force: true });
}

/** Removes what is left of removed models by a process that ended meanwhile. */
export async function sweepModels({ server: { modelDirectory } }: Config): Promise<void> {
  const left = (await namesIn(modelDirectory)).filter((name) => name.startsWith(removedPrefix));
  await Promise.all(left.map((name) => rm(join(modelDirectory, name), { recursive: true, force: true })));
}

/** Never rejects: others write into the model directory, and what cannot be looked at there is not installed. */
async function find(config: Config, id: string): Promise<Found> {
  if (!isModelId(id)) return { installed: false, because: null };
  const folder = modelPath(config, id);
  try {
    const names = await readdir(folder);
    const missing = needed.find((name) => !names.includes(name)) ?? missingVocabulary(names);
    if (missing !== null) return { installed: false, because: `its folder has no ${missing}` };
    const sizes = await Promise.all(names.map((name) => sizeOf(folder, name)));
    return { installed: true, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  } catch (error) {
    const code = codeOf(error);
    if (error instanceof FileProblem) return { installed: false, because: error.message };
    return { installed: false, because: code === 'ENOENT' ? null : `its folder cannot be read (${code})` };
  }
}

function missingVocabulary(names: readonly string[]): string | null {
  return names.some((name) => name.startsWith('vocabulary.')) ? null : 'vocabulary.json or vocabulary.txt';
}

/** A file of a model that cannot be looked at, such as a link to nothing. */
class FileProblem extends Error {}

async function sizeOf(folder: string, name: string): Promise<number> {
  try {
    return (await stat(join(folder, name))).size;
  } catch (cause) {
    throw new FileProblem(`${name} in its folder cannot be looked at (${codeOf(cause)})`, { cause });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** A folder that is not there holds nothing. */
async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((): string[] => []);
}

/** Whether a model can translate into English: those that were distilled for speed, and those of English alone, only transcribe. */
export function translates(id: string): boolean {
  return !/turbo|distil|\.en$/iu.test(id);
}
