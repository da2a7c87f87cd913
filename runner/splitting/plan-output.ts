import type { PartPlan, PartStart } from '#src/store/parts.ts';
import { EngineProtocolError, type LineOf, parsePlanLine, type PlanLine } from '../protocol.ts';
import type { Listener } from '../run-engine.ts';
import type { Length } from '../watchdog.ts';
import { startsOf } from './cut-parts.ts';

/** A recording of 24 h has about 1,100 batches; far beyond that an engine is broken. */
const mostPlaces = 100_000;

/** What an engine says that plans the parts of a recording. */
export class PlanOutput implements Listener {
  last: LineOf<'end'> | LineOf<'error'> | null = null;
  readonly provenance = null;
  readonly isStopped = false;

  readonly #knownSeconds: number;
  readonly #places: PartStart[] = [];
  #by: PartPlan['by'] | null = null;

  constructor(knownSeconds: number) {
    this.#knownSeconds = knownSeconds;
  }

  length(): Length {
    return { knownSeconds: this.#knownSeconds, isFinal: false };
  }

  take(text: string): ReturnType<Listener['take']> {
    const line = parsePlanLine(text);
    if (line !== null) this.#hear(line);
    return { isCheckpoint: false };
  }

  /** With parts of so many seconds; null where the engine has not said it all. */
  plan(seconds: number): PartPlan | null {
    return this.#by === null ? null : { starts: startsOf(this.#places, seconds), by: this.#by };
  }

  #hear(line: PlanLine): void {
    switch (line.type) {
      case 'plan': {
        const { engine, versions, cpu } = line;
        this.#by = { engine, versions, cpu };
        return;
      }
      case 'batch': {
        const { batch, clip, sample } = line;
        const last = this.#places.at(-1);
        if (this.#places.length >= mostPlaces || batch !== this.#places.length || sample < (last?.sample ?? 0))
          throw new EngineProtocolError(`batch ${batch} of a plan is out of order`);
        this.#places.push({ batch, clip, sample });
        return;
      }
      case 'end':
      case 'error':
        this.last = line;
        return;
      default:
        line satisfies never;
    }
  }
}
