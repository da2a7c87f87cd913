// The least that telling many costs: two messages after each pause to all who are connected, by `ws` and by node:http, with nothing behind them.
// Started by bench/followers/followers.ts as a server of its own; prints its address, and begins when a line comes.
import { createServer, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';

const [batches, pauseMs] = [Number(process.argv[2]), Number(process.argv[3])];
const streams = new Set<ServerResponse>();
const server = createServer((request, response) => {
  if (request.url === '/health') {
    response.end('ok');
    return;
  }
  request.once('data', (body: Buffer) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(':\n\n');
    for (const json of missed(JSON.parse(body.toString()).variables)) response.write(`event: next\ndata: ${json}\n\n`);
    streams.add(response);
  });
  response.once('close', () => streams.delete(response));
});
const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' });
sockets.on('connection', (socket) => {
  socket.on('error', () => undefined);
  socket.once('message', () => {
    socket.send('{"type":"connection_ack"}');
    socket.once('message', (data: Buffer) => {
      for (const json of missed(JSON.parse(data.toString()).payload.variables)) socket.send(messageOf(json));
    });
  });
});

const messageOf = (json: string): string => `{"id":"1","type":"next","payload":${json}}`;

/** What somebody has not had who comes back with a cursor. */
function missed({ after, upTo = after }: { readonly after: number; readonly upTo?: number }): readonly string[] {
  return Array.from({ length: upTo - after }, (_, at) => `{"data":{"jobEvents":{"seq":${after + at + 1}}}}`);
}

function tellAll(seq: number, fields: string): void {
  const json = `{"data":{"jobEvents":{"seq":${seq},${fields}}}}`;
  for (const socket of sockets.clients) socket.send(messageOf(json));
  const event = `event: next\ndata: ${json}\n\n`;
  for (const stream of streams) stream.write(event);
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}\n`);
});
const lines = createInterface({ input: process.stdin });
lines.once('close', () => process.exit(0));
await new Promise((resolve) => {
  lines.once('line', resolve);
});
for (let batch = 0; batch < batches; batch += 1) {
  await sleep(pauseMs);
  const now = performance.timeOrigin + performance.now();
  const text = `And so, my fellow Americans: ask not what your country can do for you @${now.toFixed(2)}@`;
  tellAll(2 * batch + 1, `"__typename":"JobSegmentsAdded","segments":[{"index":${batch},"text":"${text}"}]`);
  tellAll(2 * batch + 2, `"__typename":"JobProgressed","progress":{"fraction":${batch / batches}}`);
}
