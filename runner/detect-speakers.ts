import pLimit from 'p-limit';
import { RequestError } from '#src/errors.ts';
import type { Job } from '#src/jobs/job.ts';
import type { SpeakerBounds, SpeakerStore } from '#src/store/store.ts';
import { SpeakersError, tellSpeakers, type TellingParts } from './tell-speakers.ts';

/** What tells speakers of jobs apart again. */
export interface SpeakerDetector extends AsyncDisposable {
  /** Answers when it is done; null for an unknown id. Throws what `retellSpeakers` of the store throws, and RequestError where the engine cannot do it. */
  detect(id: string, bounds: SpeakerBounds): Promise<Job | null>;
}

/** Each takes a core for seconds, beside the jobs. */
const atOnce = 2;

/** Opens a detector; disposing of it ends its engines, and leaves everything as it was. */
export function openSpeakerDetector(
  parts: TellingParts & { readonly store: Pick<SpeakerStore, 'retellSpeakers'> },
): SpeakerDetector {
  const stopping = new AbortController();
  const limit = pLimit(atOnce);
  const running = new Set<Promise<unknown>>();

  async function detect(id: string, bounds: SpeakerBounds): Promise<Job | null> {
    const { signal } = stopping;
    try {
      return await parts.store.retellSpeakers(
        id,
        bounds,
        (job) => () => tellSpeakers(parts, { job, bounds, voices: null, signal }),
      );
    } catch (error) {
      if (!(error instanceof SpeakersError)) throw error;
      parts.log.warn({ job: id, err: error }, 'speakers not detected');
      const hint = 'Everything is as it was. Try again; the log of the server tells more.';
      throw new RequestError('SERVICE_UNAVAILABLE', `The speakers could not be told apart. ${error.message}`, hint);
    }
  }

  return {
    detect(id, bounds) {
      const detecting = limit(() => detect(id, bounds));
      // Its caller hears of what goes wrong.
      const ended = detecting.then(
        () => undefined,
        () => undefined,
      );
      running.add(ended);
      return detecting.finally(() => running.delete(ended));
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}
