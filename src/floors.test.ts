import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

/** The house, from the roof down; the first that fits a path counts. */
const floors: readonly (readonly [floor: number, room: RegExp])[] = [
  [6, /^src\/(main|run-backup|keep-serving|server|trials)\.ts$/u],
  [5, /^src\/http\//u],
  [4, /^schema\//u],
  [3, /^resolvers\//u],
  [2, /^(src\/store\/sqlite|runner|migrations)\//u],
  [0, /^src\/(job|job-event|transcript|errors|languages)\.ts$|^src\/render\//u],
  [1, /^src\//u],
];

/** Who may import a package; what is not named here belongs to everybody. */
const owners: Readonly<Record<string, RegExp>> = {
  'graphql-yoga': /^src\/http\//u,
  'graphql-ws': /^src\/http\//u,
  'graphql-ws/use/ws': /^src\/http\//u,
  ws: /^src\/http\//u,
  'node:http': /^src\/http\//u,
  '@pothos/core': /^schema\//u,
  '@pothos/plugin-relay': /^schema\//u,
  '@pothos/plugin-errors': /^schema\//u,
  kysely: /^(src\/store\/sqlite|migrations)\//u,
  'better-sqlite3': /^src\/store\/sqlite\//u,
  dataloader: /^src\/loaders\.ts$/u,
  tinypool: /^src\/store\/sqlite\//u,
  execa: /^runner\/(child|run-program)\.ts$/u,
  'node:child_process': /^runner\/(child|run-program)\.ts$/u,
  pino: /^src\/log\.ts$/u,
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

const isLocal = (name: string) => name.startsWith('.') || name.startsWith('#');
const pathOf = (file: string, name: string) =>
  name.startsWith('#') ? name.slice(1) : normalize(join(dirname(file), name));
const floorOf = (file: string) => floors.find(([, room]) => room.test(file))?.[0] ?? -1;

test('imports go down', () => {
  assert.ok(imports.length > 200, 'the imports are found');
  const up = imports.filter(({ file, name }) => isLocal(name) && floorOf(pathOf(file, name)) > floorOf(file));
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
      (file.startsWith('runner/') && /store\/sqlite/u.test(name)) ||
      (file.startsWith('src/store/') && name.startsWith('#runner')),
  );
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
  assert.deepEqual(readers.toSorted(), ['runner/child-environment.ts', 'src/main.ts']);
});

test('clients know the server by the network alone', () => {
  const clients = globSync('clients/**/*.{ts,mjs}', { cwd: root }).map((file) =>
    readFileSync(join(root, file), 'utf8'),
  );
  assert.ok(clients.length > 0);
  assert.deepEqual(
    clients.filter((text) => /from '(#|\.\.\/(?:\.\.\/)?(src|schema|resolvers|runner))/u.test(text)),
    [],
  );
});
