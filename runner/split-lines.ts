import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineProtocolError } from './protocol.ts';

/** Longest line of an engine, in bytes (PROTOCOL.md). */
const maxLineBytes = 1024 * 1024;

/**
 * The lines of a byte stream, without their ends, as many at a time as a chunk brings: a promise for each would cost more than the line. A torn
 * last line is left out: its writer died in the middle of it.
 *
 * Never holds more than one line and one chunk, and lets the event loop turn after each chunk, however fast they come. Throws
 * EngineProtocolError at a line that is longer than `limit` bytes.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  limit = maxLineBytes,
): AsyncGenerator<readonly string[]> {
  let torn: Buffer[] = [];
  let tornBytes = 0;
  for await (const chunk of chunks) {
    const lines: string[] = [];
    let from = 0;
    for (let to = chunk.indexOf(10); to !== -1; to = chunk.indexOf(10, from)) {
      const part = chunk.subarray(from, to);
      refuseAbove(limit, tornBytes + part.length);
      lines.push((torn.length === 0 ? part : Buffer.concat([...torn, part])).toString('utf8'));
      torn = [];
      tornBytes = 0;
      from = to + 1;
    }
    torn.push(chunk.subarray(from));
    tornBytes += chunk.length - from;
    refuseAbove(limit, tornBytes);
    if (lines.length > 0) yield lines;
    await nextTurn();
  }
}

function refuseAbove(limit: number, bytes: number): void {
  if (bytes > limit) throw new EngineProtocolError(`a line is longer than ${limit} bytes`);
}
