import { join } from 'node:path';
import { execa } from 'execa';

const root = join(import.meta.dirname, '../../..');
export const main = join(root, 'clients/cli/main.ts');

/** What of this environment the command line runs in: settings of this machine would change what it does. */
export const plainEnvironment = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  // As the set-up has it.
  NODE_COMPILE_CACHE: join(root, '.tools/compiled'),
  // Uploads that are under way are written down there.
  XDG_STATE_HOME: join(root, '.tools/test-state'),
};

interface RunOptions {
  readonly server?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The user as whom it runs; this one where absent. */
  readonly uid?: number;
  /** Ends it by SIGTERM. */
  readonly cancelSignal?: AbortSignal;
}

/** Starts `phonograph ARGS...` in a pipe. */
export function start(args: readonly string[], { server, env = {}, ...options }: RunOptions = {}) {
  const address = server === undefined ? {} : { PHONOGRAPH_URL: server };
  return execa(process.execPath, [main, ...args], {
    ...options,
    env: { ...plainEnvironment, ...address, ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
}

/** Runs `phonograph ARGS...` in a pipe to its end. */
export async function phonograph(args: readonly string[], options: RunOptions = {}) {
  const { exitCode, stdout, stderr } = await start(args, options);
  return { exitCode, stdout, stderr };
}

/** The lines of --json. */
export function jsonLines(stdout: string): readonly any[] {
  return stdout.split('\n').map((line) => JSON.parse(line));
}
