import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { followByWebSocket, type SeenEvent } from './follow.ts';

/** Between a lost connection and the next try. */
const pauseMs = 50;

const endings = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** Whether a client is told that its server cannot answer just now. */
export function isPassing({ extensions }: { readonly extensions?: Readonly<Record<string, unknown>> }): boolean {
  return extensions?.['code'] === 'SERVICE_UNAVAILABLE';
}

/**
 * Events of a job over WebSocket as a client gets them that comes back with its cursor whenever the connection is lost. Throws where an event is
 * missing, comes twice, or the end comes before the last one.
 */
export async function* followThrough(
  url: string,
  id: string,
  { after = 0, signal }: { readonly after?: number; readonly signal: AbortSignal },
): AsyncGenerator<SeenEvent, void, undefined> {
  let seq = after;
  let status: string | undefined;
  for (;;) {
    try {
      for await (const event of followByWebSocket(url, id, seq)) {
        assert.equal(event.seq, seq + 1, `the events of ${id} have a gap`);
        seq = event.seq;
        status = event.status ?? status;
        yield event;
      }
      assert.ok(status === undefined || endings.has(status), `the events of ${id} ended with ${status}`);
      return;
    } catch (error) {
      // A lost connection is told by an event, what the server says by a list.
      const told: unknown = error instanceof Error ? error.cause : error;
      if (error instanceof Error && !Array.isArray(told)) throw error;
      if (Array.isArray(told) && !told.every(isPassing)) throw new Error(JSON.stringify(told), { cause: error });
    }
    await sleep(pauseMs, undefined, { signal });
  }
}
