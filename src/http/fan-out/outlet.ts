import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** An item as everybody in a group gets it: its result as JSON. */
export interface Part {
  readonly json: string;
}

/** Where what a follower is told goes: past the library that speaks the protocol, which begins and ends the operation. */
export interface Outlet {
  /** Whether everything that was given before has left this process. */
  isClear(): boolean;
  /** Gives items to the client at once; `left` is called when they have left this process, or never will. */
  write(parts: readonly Part[], left?: () => void): void;
}

/** An operation of a connection, as graphql-transport-ws has it. `carrier` is the stream below the WebSocket. */
export function webSocketOutlet(socket: WebSocket, carrier: Duplex, id: string): Outlet {
  const start = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  return {
    isClear: () => socket.bufferedAmount === 0,
    write(parts, left) {
      if (socket.readyState !== socket.OPEN) return left?.();
      const last = parts.length - 1;
      // Several messages are one call of the operating system.
      carrier.cork();
      for (const [index, { json }] of parts.entries()) {
        socket.send(`${start}${json}}`, index === last ? left : undefined);
      }
      carrier.uncork();
    },
  };
}

/** What an event stream sends for a part, made once for all who follow. */
export type Framing = (part: Part) => Buffer;

export function framingOf(frame: (json: string) => string): Framing {
  const made = new WeakMap<Part, Buffer>();
  return (part) => {
    const known = made.get(part);
    if (known !== undefined) return known;
    const bytes = Buffer.from(frame(part.json));
    made.set(part, bytes);
    return bytes;
  };
}

/** An event stream. */
export function eventStreamOutlet(response: ServerResponse, framing: Framing): Outlet {
  return {
    isClear: () => response.writableLength === 0,
    write(parts, left) {
      if (response.destroyed || response.writableEnded) return left?.();
      const [first, ...others] = parts.map(framing);
      if (first !== undefined) response.write(others.length === 0 ? first : Buffer.concat([first, ...others]), left);
    },
  };
}
