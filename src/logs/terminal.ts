import type { Config } from '../config/config.ts';
import { parseLine } from './log.ts';

/** What a person reads, for the lines of a log: where the server is and how it is stopped, what is wrong, and nothing else. */
export function openTerminal(
  current: () => Config,
  terminal: { write(text: string): void },
): { write(line: string): void } {
  return {
    write(line) {
      const text = textOf(line, current());
      // What a client has sent may stand in an error, and must not move the cursor.
      if (text !== null) terminal.write(`${text.replaceAll(/\p{Cc}/gu, ' ')}\n`);
    },
  };
}

function textOf(line: string, { server }: Config): string | null {
  const { level, event, message, fields } = parseLine(line).entry;
  switch (event) {
    case 'server listening': {
      const [root] = server.mediaRoots;
      const recordings = root === undefined ? 'Send recordings to it' : `Put recordings into ${root.path}`;
      return `Phonograph is at ${String(fields?.['url'])}. ${recordings}; stop it with Ctrl-C.`;
    }
    case 'signal received':
      return 'Stopping in order; another Ctrl-C ends it at once.';
    case 'server not started':
      // That is told on stderr.
      return null;
    default:
      return level === 'WARN' || level === 'ERROR' ? `${level.toLowerCase()}: ${message}` : null;
  }
}
