import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A line to a server that breaks, without a word, each time that so many bytes have gone over one of its connections. */
export interface BreakingLine extends AsyncDisposable {
  readonly url: string;
  /** How often it has broken. */
  breaks(): number;
}

/** Has the two ends of a line close together, without an error; `open` holds them until then. */
export function endTogether(near: Socket, far: Socket, open: Set<Socket>): void {
  for (const [end, other] of [
    [near, far],
    [far, near],
  ] as const) {
    open.add(end);
    // That a side is gone is what such a line is about.
    end
      .on('error', () => undefined)
      .once('close', () => {
        open.delete(end);
        other.destroy();
      });
  }
}

export async function openBreakingLine(target: string, everyBytes: number): Promise<BreakingLine> {
  const { hostname, port: targetPort } = new URL(target);
  const open = new Set<Socket>();
  let breaks = 0;
  const line = createServer((near) => {
    const far = connect(Number(targetPort), hostname);
    endTogether(near, far, open);
    let bytes = 0;
    near.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes <= everyBytes) return;
      breaks += 1;
      near.resetAndDestroy();
    });
    near.pipe(far);
    far.pipe(near);
  }).listen(0, '127.0.0.1');
  await once(line, 'listening');
  const address = line.address();
  if (address === null || typeof address === 'string') throw new Error('the line has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    breaks: () => breaks,
    async [Symbol.asyncDispose]() {
      const closed = once(line, 'close');
      line.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
