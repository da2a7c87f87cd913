import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineProtocolError } from './parse-line.ts';

/** Longest line of an engine, in bytes (PROTOCOL.md). */
const maxLineBytes = 1024 * 1024;

/** How long one engine may hold the event loop; the rest of the server runs between two such turns. */
const turnMs = 5;

/**
 * The lines of a byte stream, without their ends. A torn last line is left out: its writer died in the middle of it.
 *
 * Never holds more than one line and one chunk. Throws EngineProtocolError at a line that is longer than `limit` bytes.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>, limit = maxLineBytes): AsyncGenerator<string> {
  let torn: Buffer[] = [];
  let tornBytes = 0;
  let turn = performance.now();
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(10); to !== -1; to = chunk.indexOf(10, from)) {
      const part = chunk.subarray(from, to);
      refuseAbove(limit, tornBytes + part.length);
      yield (torn.length === 0 ? part : Buffer.concat([...torn, part])).toString('utf8');
      torn = [];
      tornBytes = 0;
      from = to + 1;
      if (performance.now() - turn > turnMs) {
        await nextTurn();
        turn = performance.now();
      }
    }
    torn.push(chunk.subarray(from));
    tornBytes += chunk.length - from;
    refuseAbove(limit, tornBytes);
  }
}

function refuseAbove(limit: number, bytes: number): void {
  if (bytes > limit) throw new EngineProtocolError(`a line is longer than ${limit} bytes`);
}
