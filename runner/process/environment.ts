import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder that holds the Python package `engine`. */
const engineFolder = dirname(import.meta.dirname);

/** What a child may see of the server's own environment; everything else, secrets above all, stays here. */
const allowed = /^(?:PATH|LANG|LC_ALL|TMPDIR|LD_LIBRARY_PATH|(?:CUDA|NVIDIA)_[A-Z0-9_]+)$/u;

/** The variables that an engine started as `program` gets. */
export function childEnvironment(
  program: string,
  own: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const passed = Object.entries(own).filter((entry): entry is [string, string] => {
    return allowed.test(entry[0]) && entry[1] !== undefined;
  });
  const libraries = [...cudaLibraries(program), ...(own['LD_LIBRARY_PATH']?.split(':') ?? [])].filter(
    (path) => path !== '',
  );
  return {
    ...Object.fromEntries(passed),
    ...(libraries.length > 0 && { LD_LIBRARY_PATH: libraries.join(':') }),
    // It has no home: what a library would keep there is nobody's business, and what lies in ours is not its.
    HOME: '/nonexistent',
    // What the allocator is told before the engine can speak to it; runner/engine/memory.py tells why.
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    HF_HUB_OFFLINE: '1',
    // If the server dies while the engine starts, the engine's parent is another process by then; with this it can still tell whose it was.
    PHONOGRAPH_SERVER_PID: String(process.pid),
    PYTHONPATH: engineFolder,
    // Without it `python -m` looks for the engine in the working directory first.
    PYTHONSAFEPATH: '1',
    PYTHONUNBUFFERED: '1',
    PYTHONUTF8: '1',
  };
}

/** Whether an environment, as /proc tells it, is one that a child of this program was given, or that a child has passed on. */
export function isOfChild(environment: string): boolean {
  return environment.split('\0').includes(`PYTHONPATH=${engineFolder}`);
}

/** The CTranslate2 wheel does not bring cuBLAS; the set-up puts it into the engine's environment where there is an NVIDIA driver. */
function cudaLibraries(program: string): readonly string[] {
  return globSync(join(dirname(dirname(program)), 'lib/python3*/site-packages/nvidia/*/lib')).toSorted();
}
