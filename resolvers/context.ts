import type { Caller } from '#src/config/api-key.ts';
import type { ApiKeys } from '#src/auth/api-keys.ts';
import type { SignedUrls } from '#src/auth/signed-urls.ts';
import type { Config, ServerRole } from '#src/config/config.ts';
import type { Log } from '#src/logs/log.ts';
import type { DiskSpace } from '#src/media/disk.ts';
import type { Folders } from '#src/media/folders.ts';
import type { ResumableUploads } from '#src/media/resumable-uploads.ts';
import type { MediaStore } from '#src/media/store.ts';
import type { Models } from '#src/models/models.ts';
import type { IdentifyEngine } from '#src/operations/engine-identity.ts';
import type { Health } from '#src/operations/health.ts';
import type { Metrics } from '#src/operations/metrics.ts';
import type { ServerReader } from '#src/operations/server-status.ts';
import type { Tracer } from '#src/operations/tracing/tracer.ts';
import type { Outbox } from '#src/operations/webhooks/outbox.ts';
import type { Settings } from '#src/settings.ts';
import type { JobChanges } from '#src/store/job-changes.ts';
import type { Notifier } from '#src/store/notifier.ts';
import type { Store } from '#src/store/store.ts';
import type { Loaders } from './loaders.ts';

/** Everything that a resolver may use; each takes the part that it needs. Built once by the server, in order. */
export interface Context {
  readonly config: Config;
  readonly role: ServerRole;
  readonly log: Log;
  readonly notifier: Notifier;
  readonly store: Store;
  readonly keys: ApiKeys;
  readonly urls: SignedUrls;
  readonly loaders: Loaders;
  readonly changes: JobChanges;
  readonly settings: Settings;
  readonly storage: DiskSpace;
  readonly media: MediaStore;
  readonly uploads: ResumableUploads;
  readonly folders: Folders;
  readonly models: Models;
  readonly serverReader: ServerReader;
  readonly metrics: Metrics;
  readonly outbox: Pick<Outbox, 'ping'>;
  readonly tracer: Tracer;
  readonly health: Health;
  readonly identifyEngine: IdentifyEngine;
  /** Has the server closed and built anew, after the answer. Throws ConfigError where its settings have become wrong. */
  readonly restart: () => void;
}

/** What a resolver is given with a request. */
export interface RequestContext extends Context {
  readonly caller: Caller;
  /** Aborts when the client has left: what takes long ends. */
  readonly signal: AbortSignal;
  /** Throws where this answer has become larger than any may; told of long texts as they are made. */
  readonly spend: (characters: number) => void;
  /** The span of the request (W3C Trace Context), and once it is executed that of its operation; null where nobody traces. */
  traceparent: string | null;
}
