import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { buildPackage } from '#clients/js/build.ts';
import { openTemporary } from '../temporary.ts';

const root = join(import.meta.dirname, '../../..');

/** A project of somebody who uses the package as npm would have installed it, with the examples in it. */
export interface FrontEndProject extends AsyncDisposable {
  readonly directory: string;
  /** Writes a file, with the folders that it is in. */
  write(path: string, text: string): Promise<void>;
  /** Runs a program of its packages there; throws with what it says where it fails. */
  run(program: string, ...args: readonly string[]): Promise<void>;
}

export async function openFrontEndProject(): Promise<FrontEndProject> {
  await using stack = new AsyncDisposableStack();
  const { directory } = stack.use(await openTemporary());
  const modules = join(directory, 'node_modules');
  await mkdir(join(modules, '@phonograph'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    await symlink(join(root, 'node_modules', name), join(modules, name));
  }
  await buildPackage(join(modules, '@phonograph/client'));
  await cp(join(root, 'examples'), join(directory, 'examples'), { recursive: true });
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
  await writeFile(join(directory, 'tsconfig.json'), tsconfig);
  const owned = stack.move();
  return {
    directory,
    async write(path, text) {
      await mkdir(join(directory, path, '..'), { recursive: true });
      await writeFile(join(directory, path), text);
    },
    async run(program, ...args) {
      await execa(program, args, { cwd: directory, preferLocal: true, localDir: root, all: true });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a strict TypeScript project says of itself. */
const tsconfig = JSON.stringify({
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    target: 'es2024',
    module: 'nodenext',
    lib: ['es2024', 'dom', 'dom.iterable'],
    types: ['node'],
    jsx: 'react-jsx',
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
  },
});

/** Checks and compiles the examples, against the types of the package as they come with it, into the folder built. */
export async function compileExamples(project: FrontEndProject): Promise<void> {
  await project.write('examples/tsconfig.json', tsconfig);
  await project.run('tsc', '-p', 'examples', '--outDir', 'built');
}

/** Compiles a subscription by Relay's compiler; the path of what it makes. */
export async function compileForRelay(project: FrontEndProject): Promise<string> {
  const subscription = `subscription followSubscription($id: ID!, $after: SafeInt) {
    jobEvents(id: $id, after: $after) { __typename seq ... on JobSegmentsAdded { segments { index text } } }
  }`;
  await project.write(
    'relay/follow.js',
    `import { graphql } from 'relay-runtime';\nexport default graphql\`${subscription}\`;\n`,
  );
  await project.write(
    'relay.config.json',
    JSON.stringify({
      src: './relay',
      schema: './node_modules/@phonograph/client/schema.graphql',
      language: 'javascript',
      eagerEsModules: true,
      customScalarTypes: { DateTime: 'string', SafeInt: 'number', JSON: 'mixed', File: 'mixed' },
    }),
  );
  await project.run('relay-compiler', 'relay.config.json');
  return join(project.directory, 'relay/__generated__/followSubscription.graphql.js');
}
