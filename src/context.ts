import type { Bell } from './bell.ts';
import type { Config } from './config.ts';
import type { Downloads } from './downloads.ts';
import type { IdentifyEngine } from './engine-identity.ts';
import type { Loaders } from './loaders.ts';
import type { Health } from './health.ts';
import type { JobChanges } from './job-changes.ts';
import type { Log } from './log.ts';
import type { UploadFolder } from './media/upload.ts';
import type { ServerReader } from './server-reading.ts';
import type { SettingsBook } from './settings.ts';
import type { Storage } from './storage.ts';
import type { Store } from './store/port.ts';

/** Everything that a resolver may use; each takes the part that it needs. Built once by the server, in order. */
export interface Context {
  readonly config: Config;
  readonly log: Log;
  readonly bell: Bell;
  /** Rings for jobs that were deleted. */
  readonly deletions: Bell;
  /** Rings for log lines that can be read: with the id of their job, or nothing for the server's own. */
  readonly lines: Bell;
  readonly store: Store;
  readonly loaders: Loaders;
  readonly changes: JobChanges;
  readonly settings: SettingsBook;
  readonly storage: Storage;
  readonly uploads: UploadFolder;
  readonly downloads: Downloads;
  /** Ends an engine that waits with this model loaded. */
  readonly releaseModel: (id: string) => Promise<void>;
  readonly serverReader: ServerReader;
  readonly health: Health;
  readonly identifyEngine: IdentifyEngine;
  /** Has the server closed and built anew, after the answer. Throws ConfigError where its settings have become wrong. */
  readonly restart: () => void;
}

/** What a resolver is given with a request. */
export interface RequestContext extends Context {
  /** The name of the API key that was shown; null where none is needed. */
  readonly caller: string | null;
}
