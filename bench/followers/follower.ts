import { connect, type Socket } from 'node:net';

/** What is followed, and who is told of each message. */
interface Followed {
  readonly url: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly tell: (message: string) => void;
  readonly fail: (error: unknown) => void;
}

/** Follows by hand, over a bare socket: two thousand of a library's clients would be slower than the server that is measured. */
export type Follow = (followed: Followed) => Socket;

export const followBySse: Follow = ({ url, query, variables, tell, fail }) => {
  const { host, hostname, port } = new URL(url);
  const body = JSON.stringify({ query, variables });
  const socket = connect(Number(port), hostname).setNoDelay();
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const messages = (rest + text).split('\n\n');
    rest = messages.pop() ?? '';
    for (const message of messages) if (message.includes('event: next')) tell(message);
  });
  return socket.on('error', fail).on('close', () => fail(new Error('the event stream ended')));
};

export const followByWebSocket: Follow = ({ url, query, variables, tell, fail }) => {
  const { host, hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setNoDelay();
  socket.write(
    `GET /graphql HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  );
  const take = framesIn((opcode, payload) => {
    const message = payload.toString('latin1');
    if (opcode === 0x9) socket.write(frame(0xa, payload));
    else if (opcode === 0x8) fail(new Error(`closed: ${message}`));
    else if (message.includes('"connection_ack"')) {
      socket.write(frame(0x1, JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } })));
    } else if (message.includes('"type":"next"')) tell(message);
    else fail(new Error(message));
  });
  let head = '';
  socket.on('data', (bytes: Buffer) => {
    if (head.endsWith('\r\n\r\n')) return take(bytes);
    head += bytes.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    if (!head.startsWith('HTTP/1.1 101')) return fail(new Error(head));
    socket.write(frame(0x1, '{"type":"connection_init"}'));
  });
  return socket.on('error', fail).on('close', () => fail(new Error('the socket was closed')));
};

/** RFC 6455, 5.2: what a client sends is masked, here by zeros. */
function frame(opcode: number, content: string | Buffer): Buffer {
  const payload = Buffer.from(content);
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >>> 8, length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...size, 0, 0, 0, 0]), payload]);
}

/** Takes bytes as they come, and tells each frame of a server. */
function framesIn(tell: (opcode: number, payload: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= 4) {
      const short = (rest[1] ?? 0) & 0x7f;
      const start = short === 126 ? 4 : 2;
      const end = start + (short === 126 ? rest.readUInt16BE(2) : short);
      if (rest.length < end) return;
      tell((rest[0] ?? 0) & 0x0f, rest.subarray(start, end));
      rest = rest.subarray(end);
    }
  };
}
