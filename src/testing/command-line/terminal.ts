import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import xterm, { type Terminal } from '@xterm/headless';
import { main, plainEnvironment } from './run.ts';

/** A terminal in which the command line runs, seen as a person sees it. */
export interface TestTerminal {
  /** Settles when what is seen is as asked; throws where the program ends before. */
  until(isSeen: (text: string) => boolean): Promise<void>;
  type(text: string): void;
  resize(columns: number): void;
  /** Ends the program by SIGTERM. */
  terminate(): void;
  /** How it ended, and what is seen then, with what has scrolled away. */
  readonly ended: Promise<Ended>;
}

interface Ended {
  readonly exitCode: unknown;
  readonly text: string;
}

/** Runs `phonograph ARGS...` in a terminal of 80 columns and 24 rows. */
export function openTestTerminal(args: readonly string[], { env = {}, cwd = '.' } = {}): TestTerminal {
  const screen = new xterm.Terminal({ cols: 80, rows: 24, allowProposedApi: true });
  const program = spawn('python3', [join(import.meta.dirname, 'terminal.py'), process.execPath, main, ...args], {
    cwd,
    env: { ...plainEnvironment, TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const eyes = new EventEmitter();
  const ended = watch(program, screen, eyes);
  return {
    async until(isSeen) {
      for (;;) {
        if (isSeen(textOf(screen))) return;
        const last = await Promise.race([once(eyes, 'seen').then(() => null), ended]);
        if (last !== null && !isSeen(last.text))
          throw new Error(`it ended with ${String(last.exitCode)}:\n${last.text}`);
      }
    },
    type: (text) => program.stdin.write(`${JSON.stringify(text)}\n`),
    resize(columns) {
      screen.resize(columns, 24);
      program.stdin.write(`${columns}\n`);
    },
    terminate: () => program.stdin.write('null\n'),
    ended,
  };
}

async function watch(
  program: ChildProcessByStdio<Writable, Readable, null>,
  screen: Terminal,
  eyes: EventEmitter,
): Promise<Ended> {
  const closed = once(program, 'close');
  for await (const data of program.stdout) {
    await new Promise<void>((resolve) => screen.write(data, resolve));
    eyes.emit('seen');
  }
  const [exitCode] = await closed;
  return { exitCode, text: textOf(screen) };
}

function textOf({ buffer }: Terminal): string {
  const lines = Array.from(
    { length: buffer.active.length },
    (_, row) => buffer.active.getLine(row)?.translateToString(true) ?? '',
  );
  return lines.join('\n').trimEnd();
}
