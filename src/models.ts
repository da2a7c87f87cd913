import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config.ts';

/** A Whisper model that a mode names or that lies in the model directory. */
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

/** The models of the modes, then what else is installed, by name. */
export async function listModels(config: Config): Promise<readonly Model[]> {
  const folders = await namesIn(config.server.modelDirectory);
  const named = Object.values(config.transcription.modes).map((mode) => mode.model);
  const ids = [...new Set([...named, ...folders.filter(isModelId).toSorted()])];
  const models = await Promise.all(ids.map((id) => readModel(config, id)));
  return models.filter((model) => model.installed || named.includes(model.id));
}

async function readModel(config: Config, id: string): Promise<Model> {
  const bytes = await sizeOf(modelPath(config, id));
  return { id, installed: bytes !== null, bytes, languages: id.endsWith('.en') ? 'English' : 'multilingual' };
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
