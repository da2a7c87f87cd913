import { type Exit, startChild } from './child.ts';

/** What a short program wrote and how it ended. */
export interface ProgramResult {
  readonly lines: readonly string[];
  readonly exit: Exit;
  /** The last lines of its stderr. */
  readonly stderr: string;
  readonly timedOut: boolean;
}

const maxLines = 1000;
const graceMs = 1000;

/** Runs a program that answers in a few lines, and ends it with all its processes when `limitMs` is over, or `signal` is aborted. */
export async function runProgram(
  command: readonly string[],
  { limitMs, signal }: { readonly limitMs: number; readonly signal?: AbortSignal },
): Promise<ProgramResult> {
  using child = startChild(command);
  let timedOut = false;
  const end = (): void => {
    // A group that cannot be signalled is waited for below all the same.
    child.end(graceMs).catch(() => undefined);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, limitMs);
  signal?.addEventListener('abort', end);
  if (signal?.aborted === true) end();
  try {
    const lines = child.pid === undefined ? [] : await collect(child.lines);
    const exit = await child.exited;
    await child.gone;
    return { lines, exit, stderr: child.stderrTail(), timedOut };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

async function collect(lines: AsyncIterable<readonly string[]>): Promise<readonly string[]> {
  const collected: string[] = [];
  for await (const some of lines) collected.push(...some.slice(0, maxLines - collected.length));
  return collected;
}
