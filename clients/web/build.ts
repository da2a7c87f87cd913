import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;

/**
 * Makes the page in an empty folder: index.html, and beside it what it loads. Scripts and styles have the hash of their text in their names, so that a
 * browser keeps them for good.
 */
export async function buildPage(folder: string): Promise<void> {
  const { metafile } = await build({
    entryPoints: [join(here, 'main.tsx'), join(here, 'styles/main.css')],
    outdir: folder,
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  await cp(join(here, 'public'), folder, { recursive: true });
  const made = Object.keys(metafile.outputs).map((path) => path.replace(/^.*\//u, ''));
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const named = html.replaceAll(
    /main\.(?<type>js|css)/gu,
    (name, type: string) => made.find((each) => each.startsWith('main-') && each.endsWith(`.${type}`)) ?? name,
  );
  await writeFile(join(folder, 'index.html'), named);
}

const [folder] = process.argv.slice(2);
if (import.meta.main && folder !== undefined) {
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty.`);
  await buildPage(folder);
}
