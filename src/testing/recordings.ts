import { existsSync, readFileSync } from 'node:fs';
import { copyFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A recording with the words that are said in it. */
export interface Recording {
  readonly path: string;
  readonly reference: string;
}

const sample: Recording = {
  path: join(root, 'samples/jfk.flac'),
  reference:
    'And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.',
};

const longAgo = new Date('2001-01-01');

/** Copies a recording to where nobody waits for it to be written to its end. */
export async function placeRecording(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await utimes(to, longAgo, longAgo);
}

/** The sample that comes with the project, and the recordings that lie beside the checkout where there are any. */
export function recordings(...names: readonly string[]): readonly Recording[] {
  const folder = join(root, '../shared/audio');
  if (!existsSync(join(folder, 'index.tsv'))) return [sample];
  const rows = readFileSync(join(folder, 'index.tsv'), 'utf8')
    .split('\n')
    .map((row) => row.split('\t'));
  const found = names.map((name): Recording => {
    const reference = rows.find(([file]) => file === name)?.[5];
    if (reference === undefined) throw new Error(`index.tsv knows no ${name}`);
    return { path: join(folder, name), reference };
  });
  return [sample, ...found];
}
