import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for one test, which goes when what is held on the stack is closed. */
export interface Temporary extends AsyncDisposable {
  readonly directory: string;
  readonly stack: AsyncDisposableStack;
}

/** Makes a directory for one test. */
export async function openTemporary(): Promise<Temporary> {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-store-'));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true }));
  return { directory, stack, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
