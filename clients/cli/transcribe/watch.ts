import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitFunction } from 'p-limit';
import { transcribeRecording, transcriptOf, type Work } from './recording-job.ts';
import { type Recording, recordingsOfFolder, stateOf } from './recordings.ts';

const lookMs = 1000;
/** A recording is complete when nobody has written to it for so long; as the server has it for those under its media roots. */
const settledMs = 3000;

interface Watching {
  readonly recursive: boolean;
  /** Ends it; what is under way is then left or finished as `work` says. */
  readonly signal: AbortSignal;
  readonly work: Work & { readonly limit: LimitFunction };
}

/**
 * Transcribes what lies in a folder and what comes into it, each recording once when it is complete, until the signal.
 *
 * A recording whose transcript lies where it would be written is done, in this run as in a later one. One that an earlier run has submitted is led to its
 * job by its idempotency key, and one that failed is not tried again before it changes. Folders of a network tell nobody of changes: it looks.
 */
export async function watchFolder(folder: string, { recursive, signal, work }: Watching): Promise<void> {
  const done = new Map<string, string>();
  const underway = new Map<string, Promise<unknown>>();
  const failure = new AbortController();
  const begin = (recording: Recording, path: string, state: string) => {
    // What has changed since it was transcribed has another transcript.
    const overwrite = work.wanted.overwrite || done.has(path);
    done.set(path, state);
    const task = work
      .limit(transcribeRecording, recording, { ...work, wanted: { ...work.wanted, overwrite } })
      .catch((error: unknown) => failure.abort(error))
      .finally(() => underway.delete(path));
    underway.set(path, task);
  };
  const ending = AbortSignal.any([signal, failure.signal, work.session.signal]);
  while (!ending.aborted) {
    for (const recording of await recordingsOfFolder(folder, recursive)) {
      const { path } = recording.source.kind === 'FILE' ? recording.source : { path: '' };
      if (underway.has(path)) continue;
      const state = await settledState(path);
      if (state === null || done.get(path) === state) continue;
      if (!done.has(path) && (await transcriptOf(recording, work)) !== null) done.set(path, state);
      else begin(recording, path, state);
    }
    await sleep(lookMs, undefined, { signal: ending }).catch(() => undefined);
  }
  await Promise.all(underway.values());
  ending.throwIfAborted();
}

/** Null where somebody may still be writing to it, and where it is gone again. */
async function settledState(path: string): Promise<string | null> {
  try {
    const { mtimeMs, size } = await stat(path);
    return size > 0 && Math.abs(Date.now() - mtimeMs) >= settledMs ? await stateOf(path) : null;
  } catch {
    return null;
  }
}
