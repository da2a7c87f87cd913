import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { openTemporary } from './temporary.ts';

/**
 * What becomes of a statement whose connection is cut: the database has it and its answer is lost, it never comes to the database, or it comes there only when it is
 * let go, while the store has been told of the loss.
 */
type Cut = 'ANSWER' | 'QUESTION' | 'LATE';

/** A connection that is to be cut at a statement, and what happened. */
interface Breaking {
  readonly at: string;
  readonly cut: Cut;
  /** Whether no other connection is let through until it is opened again. */
  readonly shuts: boolean;
  readonly happened: PromiseWithResolvers<void>;
}

/** Between a store and its database: breaks a connection at the end of a statement, once. */
export async function openBreakingProxy(database: string) {
  const { directory, stack } = await openTemporary();
  const target = join(new URL(database).searchParams.get('host') ?? '', '.s.PGSQL.5432');
  let breaking: Breaking | null = null;
  let isShut = false;
  let letGo: () => Promise<void> = async () => undefined;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (isShut) {
      client.destroy();
      return;
    }
    const upstream = connect(target);
    let hit: Breaking | null = null;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        if (hit?.cut !== 'LATE') upstream.destroy();
      });
    }
    client.on('data', (data) => {
      if (hit !== null) return;
      if (breaking === null || !data.includes(`${breaking.at}\0`)) {
        upstream.write(data);
        return;
      }
      [hit, breaking] = [breaking, null];
      isShut = hit.shuts;
      if (hit.cut === 'ANSWER') upstream.write(data);
      else {
        letGo = async () => {
          upstream.write(data);
          await once(upstream, 'data');
          upstream.destroy();
        };
        client.destroy();
        hit.happened.resolve();
      }
    });
    upstream.on('data', (data) => {
      if (hit === null) client.write(data);
      else {
        hit.happened.resolve();
        client.destroy();
      }
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
    /** Cuts the next connection on which a statement ends with `at`; settles when that has happened and, if the database has the statement, it has answered. */
    cut(at: string, cut: Cut, { shuts = false }: { readonly shuts?: boolean } = {}): Promise<void> {
      breaking = { at, cut, shuts, happened: Promise.withResolvers() };
      return breaking.happened.promise;
    },
    /** Lets connections through again. */
    open: () => (isShut = false),
    /** Lets the statement go that comes late; settles when the database has answered. */
    letGo: () => letGo(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
