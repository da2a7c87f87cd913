import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

const here = import.meta.dirname;
const root = join(here, '../..');

/** Makes the package in a folder, ready for `npm publish` there. */
export async function buildPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await execa('tsc', ['-p', here, '--rootDir', here, '--outDir', folder, '--noEmit', 'false'], {
    preferLocal: true,
    localDir: root,
  });
  for (const name of ['package.json', 'README.md', 'possible-types.json', 'introspection.json']) {
    cpSync(join(here, name), join(folder, name));
  }
  cpSync(join(root, 'schema/schema.graphql'), join(folder, 'schema.graphql'));
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}

if (import.meta.main) await buildPackage(join(here, 'dist'));
