import type { Work } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { finish } from './attempt.ts';
import { appendBatch, restartTranscript } from './batch.ts';
import { claim } from './claim.ts';
import { enterStage, noteLanguage, noteMedia, noteProcess, renew } from './notes.ts';
import { openAttempts, reap } from './reap.ts';

/** What a worker does. */
export function work(connection: Connection): Work {
  return {
    claim: (worker) => claim(connection, worker),
    noteProcess: (lease, process) => noteProcess(connection, lease, process),
    renew: (lease) => renew(connection, lease),
    noteMedia: (lease, media) => noteMedia(connection, lease, media),
    enterStage: (lease, progress) => enterStage(connection, lease, progress),
    noteLanguage: (lease, language) => noteLanguage(connection, lease, language),
    appendBatch: (lease, batch) => appendBatch(connection, lease, batch),
    clearTranscript: (lease) => restartTranscript(connection, lease),
    finish: (lease, ending) => finish(connection, lease, ending),
    openAttempts: () => openAttempts(connection.db),
    reap: (orphans) => reap(connection, orphans),
  };
}
