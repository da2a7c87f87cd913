import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { openTemporary } from './temporary.ts';

/** Between a store and its database: breaks a connection at a statement, once, before or after the database has it. */
export async function openBreakingProxy(database: string) {
  const { directory, stack } = await openTemporary();
  const target = join(new URL(database).searchParams.get('host') ?? '', '.s.PGSQL.5432');
  let breaking: { readonly at: string; readonly isSent: boolean } | null = null;
  let lost = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    let isMute = false;
    client.on('data', (data) => {
      const isHit = breaking !== null && data.includes(`${breaking.at}\0`);
      if (!isHit) return upstream.write(data);
      lost += 1;
      isMute = true;
      if (breaking?.isSent === true) upstream.write(data);
      else client.destroy();
      breaking = null;
      return true;
    });
    upstream.on('data', (data) => {
      if (isMute) client.destroy();
      else client.write(data);
    });
  });
  server.listen(join(directory, '.s.PGSQL.5432'));
  await once(server, 'listening');
  stack.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = new URL(database);
  address.searchParams.set('host', directory);
  return {
    address: address.href,
    loseAnswer: (at: string) => (breaking = { at, isSent: true }),
    loseQuestion: (at: string) => (breaking = { at, isSent: false }),
    lost: () => lost,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
