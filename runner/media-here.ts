import { AbortError } from 'p-retry';
import { isStorageFull, RequestError } from '#src/errors.ts';
import type { Job } from '#src/jobs/job.ts';
import type { LocalFile, Recording } from '#src/media/store.ts';
import { retry } from '#src/operations/retry.ts';
import type { Running } from './run-context.ts';

/** A recording that is on a disk of this machine as long as it is open. */
interface RecordingHere extends AsyncDisposable {
  readonly recording: Recording;
  readonly file: LocalFile;
}

/** Two minutes or so: every waiting job would come to its end meanwhile if it were given up at once. */
const maxTries = 20;

/** Asks a media store, waiting for one that is away, or a disk that is full. */
export function reach<T>({ parts: { log }, halted }: Running, act: () => Promise<T>): Promise<T> {
  const ask = () =>
    act().catch((error: Error) => {
      throw error instanceof RequestError || isStorageFull(error) ? error : new AbortError(error);
    });
  return retry(ask, { log, what: 'media', signal: halted, maxTries });
}

/** Opens the recording of a job on this machine; null where it is gone. */
export function bringHere(running: Running, { media }: Job): Promise<RecordingHere | null> {
  return reach(running, async () => {
    await using stack = new AsyncDisposableStack();
    const recording = await running.parts.media.open(media);
    if (recording === null) return null;
    const file = await stack.use(recording).local(running.halted);
    const owned = stack.move();
    return { recording, file, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  });
}
