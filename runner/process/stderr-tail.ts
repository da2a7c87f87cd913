import type { Readable } from 'node:stream';

const maxBytes = 64 * 1024;
const maxLines = 20;

/** Reads a child's stderr without end and keeps its last 64 KiB, so that a child which writes a lot is neither held up nor remembered. */
export function tailOf(stderr: Readable): () => string {
  let kept: Buffer[] = [];
  let bytes = 0;
  stderr.on('data', (chunk: Buffer) => {
    kept.push(chunk);
    bytes += chunk.length;
    if (bytes < 2 * maxBytes) return;
    kept = [Buffer.from(Buffer.concat(kept).subarray(-maxBytes))];
    bytes = maxBytes;
  });
  // A pipe that breaks has nothing more to say; how the child ended is told by its exit.
  stderr.on('error', () => undefined);
  return () => lastLines(Buffer.concat(kept).subarray(-maxBytes).toString('utf8'));
}

function lastLines(text: string): string {
  const lines = text.replaceAll(/[^\P{Cc}\n]/gu, '').split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-maxLines)
    .join('\n');
}
