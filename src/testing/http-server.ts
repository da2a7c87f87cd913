import { join } from 'node:path';
import { pino } from 'pino';
import type { Context } from '#resolvers/context.ts';
import { readConfig } from '#src/config/config.ts';
import { listen } from '#src/http/listen.ts';
import { openJobChanges } from '#src/store/job-changes.ts';
import { type Bell, openBell } from '#src/store/notifier.ts';
import { openSqliteStore } from '#src/store/sqlite/database/open.ts';

/** A bell, and when the first of its listeners has left. */
function openDoorbell() {
  const bell = openBell();
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const attended: Bell['listen'] = (listener, id) => {
    const listening = bell.listen(listener, id);
    return {
      [Symbol.dispose]() {
        listening[Symbol.dispose]();
        resolve();
      },
    };
  };
  return { bell: { ...bell, listen: attended }, left };
}

/** The HTTP floor over an empty store, with little patience; `left` settles when the first who listened for jobs no longer does. */
export async function openDoor() {
  await using stack = new AsyncDisposableStack();
  const { bell, left } = openDoorbell();
  const store = stack.use(await openSqliteStore({ file: ':memory:', bell }));
  const changes = stack.use(openJobChanges(store, bell));
  const { server, transcription } = readConfig(join(import.meta.dirname, '../..'), {});
  const config = { server: { ...server, listenPort: 0 }, transcription };
  const context = { config, store, changes, bell, log: pino({ level: 'silent' }) } as unknown as Context;
  const listener = stack.use(await listen(context, { pingMs: 100, stallMs: 300 }));
  const owned = stack.move();
  return { url: listener.url, store, left, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
