import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';

/** Bytes of lines that wait to be read; what comes beyond it is in the files of the log alone. */
const maxWaitingBytes = 1_048_576;
/** How long the end waits for a reader. */
const lastMs = 1000;

/** Stdout as a log needs it: who reads it may fall behind, stop or end, and the server goes on. */
export interface LogStdout extends AsyncDisposable {
  write(lines: string): void;
}

/** Takes stdout for a log. When it is disposed of, all has been written, or nobody reads: then the process is ended, as a write that waits would hold it for ever. */
export function openStdout(): LogStdout {
  // A process's own stream would hold everything up for as long as a pipe is full.
  const stdout = pino.destination({ dest: 1, sync: false, maxLength: maxWaitingBytes });
  let isOpen = true;
  // Who reads along may end before the server, as `tee` does by the same Ctrl-C, and a terminal that is closed.
  stdout.on('error', () => (isOpen = false));
  return {
    write(lines) {
      if (isOpen) stdout.write(lines);
    },
    async [Symbol.asyncDispose]() {
      if (!isOpen) return;
      isOpen = false;
      const written = once(stdout, 'close').then(() => true);
      stdout.end();
      if (!(await Promise.race([written, sleep(lastMs, false)]))) process.kill(process.pid, 'SIGKILL');
    },
  };
}
