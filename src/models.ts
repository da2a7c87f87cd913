import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Config } from './config.ts';

/** A Whisper model: whether it lies in the model directory. */
export interface Model {
  readonly id: string;
  readonly installed: boolean;
  /** Size of `model.bin` and the files beside it; null when it is not installed. */
  readonly bytes: number | null;
  readonly languages: string;
}

/** Files without which faster-whisper would go to the network or fail; vocabulary comes as .json or .txt. */
const needed = ['model.bin', 'config.json', 'tokenizer.json'];

/** The folder of a model. */
export function modelPath(config: Config, id: string): string {
  return join(config.server.modelDirectory, id);
}

/** Whether `id` names a folder that holds a whole CTranslate2 model. */
export async function isInstalled(config: Config, id: string): Promise<boolean> {
  return isModelId(id) && (await sizeOf(modelPath(config, id))) !== null;
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
  const bytes = isModelId(id) ? await sizeOf(modelPath(config, id)) : null;
  return { id, installed: bytes !== null, bytes, languages: languagesOf(id) };
}

/** Whisper's .en models and all of distil-whisper's were trained on English alone. */
function languagesOf(id: string): string {
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

async function sizeOf(folder: string): Promise<number | null> {
  const names = await namesIn(folder);
  if (!needed.every((name) => names.includes(name)) || !names.some((name) => name.startsWith('vocabulary.')))
    return null;
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A folder that is not there holds nothing. */
async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((): string[] => []);
}
