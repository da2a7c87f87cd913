import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import packageJson from '#package.json' with { type: 'json' };
import { benchHelp } from '#src/setup/commands.mjs';

const root = join(import.meta.dirname, '../..');

/** The layers, from the top down: imports go down only, or stay within a layer. The first that fits a path counts. */
const layers: readonly RegExp[] = [
  /^src\/main\.ts$/u,
  /^src\/server\.ts$/u,
  /^src\/http\//u,
  /^schema\//u,
  /^(resolvers|runner)\//u,
  /^src\/auth\//u,
  /^src\/operations\//u,
  /^src\/(models\/|settings\.ts$)/u,
  /^src\/logs\//u,
  /^src\/store\/open\.ts$/u,
  /^src\/store\/(sqlite|postgres)\//u,
  /^src\/store\/sql\//u,
  /^(src\/store|migrations)\//u,
  /^src\/media\//u,
  /^src\/(config|transcripts)\//u,
  /^src\/errors\.ts$/u,
  /^src\/jobs\//u,
];

/** Who may import a package; what is not named here belongs to everybody. */
const owners: Readonly<Record<string, RegExp>> = {
  'graphql-yoga': /^src\/http\//u,
  'graphql-ws': /^src\/http\//u,
  'graphql-ws/use/ws': /^src\/http\//u,
  '@tus/server': /^src\/http\//u,
  '@tus/file-store': /^src\/media\//u,
  '@tus/s3-store': /^src\/media\/s3\//u,
  '@aws-sdk/client-s3': /^src\/media\/s3\//u,
  '@aws-sdk/lib-storage': /^src\/media\/s3\//u,
  ws: /^src\/http\//u,
  'node:http': /^src\/http\//u,
  '@pothos/core': /^schema\//u,
  '@pothos/plugin-relay': /^schema\//u,
  '@pothos/plugin-errors': /^schema\//u,
  kysely: /^(src\/store\/(sql|sqlite|postgres)|migrations)\//u,
  'better-sqlite3': /^src\/store\/sqlite\//u,
  dataloader: /^resolvers\/loaders\.ts$/u,
  tinypool: /^src\/(store\/sqlite|media)\//u,
  execa: /^runner\/process\//u,
  'node:child_process': /^runner\/process\//u,
  'prom-client': /^src\/operations\//u,
  pino: /^src\/logs\//u,
};

const outside = /\.test\.ts$|^runner\/fixtures\/|^src\/(setup|store\/contract|testing)\/|store\.contract\.ts$/u;

const files = globSync('{src,schema,resolvers,runner,migrations}/**/*.ts', { cwd: root })
  .map(normalize)
  .filter((file) => !outside.test(file));

const imports = files.flatMap((file) =>
  [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /^(?:import|export)\s[^;]*?from '(?<name>[^']+)'|^import '(?<bare>[^']+)'/gmu,
    ),
  ].map(({ groups }) => ({ file, name: groups?.['name'] ?? groups?.['bare'] ?? '' })),
);

/** Data, such as the marks of sentences that the engine and the server read, has no layer. */
const isLocal = (name: string) => /^[.#]/u.test(name) && !name.endsWith('.json');
const pathOf = (file: string, name: string) =>
  name.startsWith('#') ? name.slice(1) : normalize(join(dirname(file), name));
const layerOf = (file: string) => layers.findIndex((layer) => layer.test(file));

test('imports go down', () => {
  assert.ok(imports.length > 200, 'the imports are found');
  assert.deepEqual(
    files.filter((file) => layerOf(file) === -1),
    [],
    'every file is in a layer',
  );
  const up = imports.filter(({ file, name }) => {
    const target = isLocal(name) ? layerOf(pathOf(file, name)) : -1;
    return target !== -1 && target < layerOf(file);
  });
  assert.deepEqual(up, []);
});

/** Files of which each reaches the others by imports, types included, as one line each. */
function circles(): readonly string[] {
  const targets = new Map(files.map((file) => [file, new Set<string>()]));
  for (const { file, name } of imports) if (isLocal(name)) targets.get(file)?.add(pathOf(file, name));
  const reached = new Map(files.map((file) => [file, reach(file, targets)]));
  const inCircle = files.filter((file) => reached.get(file)?.has(file));
  const together = (a: string, b: string) => reached.get(a)?.has(b) === true && reached.get(b)?.has(a) === true;
  return [
    ...new Set(
      inCircle.map((file) =>
        inCircle
          .filter((other) => together(file, other))
          .toSorted()
          .join(' '),
      ),
    ),
  ];
}

function reach(from: string, targets: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [...(targets.get(from) ?? [])];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    waiting.push(...(targets.get(file) ?? []));
  }
  return reached;
}

test('no imports go round in a circle', () => {
  assert.deepEqual(circles(), []);
});

test('the store and the runner do not know each other', () => {
  const between = imports.filter(
    ({ file, name }) =>
      (file.startsWith('runner/') && /store\/sql/u.test(name)) ||
      (file.startsWith('src/store/') && name.startsWith('#runner')),
  );
  assert.deepEqual(between, []);
});

test('the databases do not know each other', () => {
  const names = ['sqlite', 'postgres'];
  const between = imports.filter(({ file, name }) => {
    const [from, to] = [file, pathOf(file, name)].map((path) =>
      names.find((each) => path.startsWith(`src/store/${each}/`)),
    );
    return from !== undefined && to !== undefined && from !== to;
  });
  assert.deepEqual(between, []);
});

test('each driver has one owner', () => {
  assert.deepEqual(
    imports.filter(({ file, name }) => owners[name] !== undefined && !owners[name].test(file)),
    [],
  );
});

test('a folder is crossed by its # name, and inside a folder by ./', () => {
  const crossing = imports.filter(({ file, name }) => {
    const [from = '', to = ''] = [file, pathOf(file, name)].map((path) => path.split('/')[0]);
    return name.startsWith('#') ? from === to && name !== '#package.json' : name.startsWith('.') && from !== to;
  });
  assert.deepEqual(crossing, []);
});

test('there is one copy of graphql, or schemas of two realms would meet', () => {
  assert.deepEqual(globSync('node_modules/**/node_modules/graphql/package.json', { cwd: root }), []);
});

test('the environment is read by main, and by the list of what a child inherits', () => {
  const readers = files.filter((file) => /process\.env\b/u.test(readFileSync(join(root, file), 'utf8')));
  assert.deepEqual(readers.toSorted(), ['runner/process/environment.ts', 'src/main.ts']);
});

test('clients know the server by the network alone, and beside it only what sets everything up', () => {
  const clients = globSync('{clients,examples}/**/*.{ts,tsx,mjs}', { cwd: root }).map((file) =>
    readFileSync(join(root, file), 'utf8'),
  );
  assert.ok(clients.length > 0);
  assert.deepEqual(
    clients.filter((text) => /from '(#|\.\.\/(?:\.\.\/)?(src(?!\/setup\/)|schema|resolvers|runner))/u.test(text)),
    [],
  );
});

/** Code of the product and its benches: no tests, fixtures or contract suites. */
const code = globSync('{src,schema,resolvers,runner,migrations,clients,bench}/**/*.{ts,mjs,py}', { cwd: root })
  .map(normalize)
  .filter(
    (file) => !/\.test\.|^runner\/fixtures\/|^runner\/engine\/tests\/|^src\/(store\/contract|testing)\//u.test(file),
  );

/** What a folder may hold before it hides what is in it (but the migrations, which are a list that only grows), what stands at the top of the project and of src, and how small files may be on average. */
const limits = { filesInFolder: 23, entriesOfRoot: 21, entriesOfSrc: 15, filesPerThousandLines: 11 };

test('the tree stays one that a newcomer can walk through', (t) => {
  const lines = code.reduce((sum, file) => sum + readFileSync(join(root, file), 'utf8').split('\n').length - 1, 0);
  const filesPerThousandLines = (code.length / lines) * 1000;
  const folders = Map.groupBy(code, (file) => dirname(file));
  folders.delete('migrations');
  const [largest = '', inLargest = []] = [...folders].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? [];
  const entriesOf = (folder: string) =>
    new Set(code.filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length).split('/')[0])).size;
  const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n');
  const top = readdirSync(root).filter(
    (name) => !name.startsWith('.') && !ignored.includes(`/${name}/`) && !ignored.includes(`${name}/`),
  );
  t.diagnostic(`${code.length} files, ${lines} lines: ${filesPerThousandLines.toFixed(1)} files a thousand lines`);
  t.diagnostic(
    `largest folder: ${largest} with ${inLargest.length} files; ${entriesOf('src/')} entries in src, ${top.length} in the project`,
  );
  assert.ok(filesPerThousandLines <= limits.filesPerThousandLines);
  assert.ok(inLargest.length <= limits.filesInFolder, inLargest.join(' '));
  assert.ok(entriesOf('src/') <= limits.entriesOfSrc);
  assert.ok(top.length <= limits.entriesOfRoot, top.join(' '));
});

test('every measurement begins with what it does and how it is called, which --help prints', () => {
  const programs = Object.entries(packageJson.scripts).flatMap(([name, command]) => {
    const file = /bench\/\S+\.ts$/u.exec(command)?.[0];
    return file === undefined ? [] : [{ name, file }];
  });
  assert.ok(programs.length > 10, 'the programs are found');
  for (const { name, file } of programs)
    assert.ok(benchHelp(readFileSync(join(root, file), 'utf8')).includes(`npm run ${name}`), file);
});
