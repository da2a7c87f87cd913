import type { Config } from './config/config.ts';
import type { LogOutlet } from './logs/log.ts';
import { type RunningServer, startServer } from './server.ts';

/** What is served with. */
export interface ServingParts {
  /** Reads the settings anew. Throws ConfigError. */
  readonly read: () => Config;
  readonly outlet: LogOutlet;
  readonly version: string;
  /** Ends the serving. */
  readonly stop: AbortSignal;
}

/**
 * Serves until it is stopped. A restart closes everything and builds it anew in this process, with the settings as they are then. Settings that
 * have become wrong are refused before anything is closed; where a server cannot start with new ones, it goes on with those before.
 */
export async function keepServing(first: Config, { read, outlet, version, stop }: ServingParts): Promise<void> {
  let asked = Promise.withResolvers<Config | null>();
  stop.addEventListener('abort', () => asked.resolve(null));
  const start = (config: Config): Promise<RunningServer> => {
    outlet.log.level = config.server.logLevel;
    return startServer(config, { outlet, version, restart: () => asked.resolve(read()) });
  };
  let config = first;
  let server = await start(config);
  try {
    for (;;) {
      const next = await asked.promise;
      outlet.log.info({ url: server.url, restart: next !== null }, 'server stopping');
      if (next === null) return;
      asked = Promise.withResolvers();
      const before = { ...config, server: { ...config.server, listenPort: portOf(server) } };
      await server[Symbol.asyncDispose]();
      if (stop.aborted) return;
      // Any free port was asked for: clients come back to the one that they know.
      const fixed = next.server.listenPort === 0 ? { listenPort: before.server.listenPort } : {};
      config = { ...next, server: { ...next.server, ...fixed } };
      server = await start(config).catch((error: unknown) => {
        outlet.log.error({ err: error }, 'server not started with the new settings, going on with those before');
        config = before;
        return start(before);
      });
    }
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

function portOf({ url }: RunningServer): number {
  return Number(new URL(url).port);
}
