import { join } from 'node:path';
import { pino } from 'pino';
import type { Context } from '#resolvers/context.ts';
import { openLoaders } from '#resolvers/loaders.ts';
import { openApiKeys } from '#src/auth/api-keys.ts';
import { openSignedUrls } from '#src/auth/signed-urls.ts';
import { type Config, readConfig } from '#src/config/config.ts';
import { listen } from '#src/http/listen.ts';
import { openMetrics } from '#src/operations/metrics.ts';
import { noTracer } from '#src/operations/tracing/tracer.ts';
import { openJobChanges } from '#src/store/job-changes.ts';
import { type Notifier, openNotifier } from '#src/store/notifier.ts';
import { openStore } from '#src/store/open.ts';
import type { StoreOptions } from '#src/store/options.ts';

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

/** What a server for a test is given that is not as usual. */
interface HttpServerOptions {
  /** So short that a client which does not read is ended soon, where absent. */
  readonly timeouts?: Parameters<typeof listen>[1];
  readonly server?: Partial<Config['server']>;
  readonly onQuery?: NonNullable<StoreOptions['onQuery']>;
  /** The clock of the store; the machine's where absent. */
  readonly now?: NonNullable<StoreOptions['now']>;
}

/** The HTTP layer over an empty store; `left` settles when the first who listened for jobs no longer does. */
export async function openHttpServer({ timeouts, server = {}, ...watched }: HttpServerOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const { notifier, left } = openWatchedNotifier();
  const store = stack.use(await openStore({ database: ':memory:', notifier, ...watched }));
  const changes = stack.use(openJobChanges(store, notifier));
  const usual = readConfig(join(import.meta.dirname, '../..'), {});
  const config = { ...usual, server: { ...usual.server, listenPort: 0, ...server } };
  const log = pino({ level: 'silent' });
  const keys = stack.use(await openApiKeys({ config, store, log }));
  const urls = await openSignedUrls(store, keys, null);
  const loaders = openLoaders(store);
  const metrics = openMetrics({ readServer: () => Promise.reject(new Error('there is no server to read')), store });
  const made = { config, store, keys, urls, loaders, changes, notifier, metrics, log, tracer: noTracer };
  const context = made as unknown as Context;
  const listener = stack.use(await listen(context, timeouts ?? { pingMs: 100, stallMs: 300 }));
  const owned = stack.move();
  return { url: listener.url, store, keys, notifier, left, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
