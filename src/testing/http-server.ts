import { join } from 'node:path';
import { pino } from 'pino';
import type { Context } from '#resolvers/context.ts';
import { openApiKeys } from '#src/auth/api-keys.ts';
import { readConfig } from '#src/config/config.ts';
import { listen } from '#src/http/listen.ts';
import { openJobChanges } from '#src/store/job-changes.ts';
import { type Notifier, openNotifier } from '#src/store/notifier.ts';
import { openStore } from '#src/store/open.ts';

/** A notifier, and when the first of its listeners has left. */
function openWatchedNotifier() {
  const notifier = openNotifier();
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const listenOnce: Notifier['listen'] = (...wanted) => {
    const listening = notifier.listen(...wanted);
    return {
      [Symbol.dispose]() {
        listening[Symbol.dispose]();
        resolve();
      },
    };
  };
  return { notifier: { ...notifier, listen: listenOnce }, left };
}

/** The HTTP layer over an empty store, with short timeouts; `left` settles when the first who listened for jobs no longer does. */
export async function openHttpServer() {
  await using stack = new AsyncDisposableStack();
  const { notifier, left } = openWatchedNotifier();
  const store = stack.use(await openStore({ database: ':memory:', notifier }));
  const changes = stack.use(openJobChanges(store, notifier));
  const { server, transcription } = readConfig(join(import.meta.dirname, '../..'), {});
  const config = { server: { ...server, listenPort: 0 }, transcription };
  const log = pino({ level: 'silent' });
  const keys = stack.use(await openApiKeys({ config, store, log }));
  const context = { config, store, keys, changes, notifier, log } as unknown as Context;
  const listener = stack.use(await listen(context, { pingMs: 100, stallMs: 300 }));
  const owned = stack.move();
  return { url: listener.url, store, left, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
