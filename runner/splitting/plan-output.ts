import type { PartClaim, PartPlan, PartStart, WholeRecording } from '#src/store/parts.ts';
import { EngineProtocolError, type LineOf, parsePlanLine, type PlanLine } from '../protocol.ts';
import type { Listener } from '../run-engine.ts';
import type { Length } from '../watchdog.ts';
import { isPlannedBy, startsOf } from './cut-parts.ts';

/** A recording of 24 h has about 1,100 batches; far beyond that an engine is broken. */
const mostPlaces = 100_000;

/** What an engine says that plans the parts of a recording. */
export class PlanOutput implements Listener {
  last: LineOf<'end'> | LineOf<'error'> | null = null;
  readonly provenance = null;
  /** Whether the engine would cut otherwise than the one that the job began with. */
  isStopped = false;

  readonly #knownSeconds: number;
  readonly #wanted: PartClaim['provenance'];
  readonly #places: PartStart[] = [];
  #by: PartPlan['by'] | null = null;
  #media: WholeRecording['media'] | null = null;
  #peaks: WholeRecording['peaks'] = null;
  #whole: WholeRecording | null = null;

  constructor({ job, provenance }: Pick<PartClaim, 'job' | 'provenance'>) {
    this.#knownSeconds = job.media.durationSeconds ?? 0;
    this.#wanted = provenance;
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
    const [by, whole] = [this.#by, this.#whole];
    return by === null || whole === null ? null : { starts: startsOf(this.#places, seconds), by, whole };
  }

  #hear(line: PlanLine): void {
    switch (line.type) {
      case 'plan': {
        const { engine, versions, cpu } = line;
        this.#by = { engine, versions, cpu };
        this.isStopped = !isPlannedBy({ by: this.#by }, this.#wanted);
        return;
      }
      case 'batch':
        return this.#mark(line);
      case 'media': {
        const { type: _type, final: _final, ...media } = line;
        this.#media = media;
        return;
      }
      case 'peaks':
        this.#peaks = line.values;
        return;
      case 'end': {
        this.last = line;
        const { durationSeconds, silent } = line;
        if (this.#media === null) return;
        this.#whole = { media: this.#media, peaks: this.#peaks, readSeconds: durationSeconds, isSilent: silent };
        return;
      }
      case 'error':
        this.last = line;
        return;
      default:
        line satisfies never;
    }
  }

  #mark({ batch, clip, sample }: Extract<PlanLine, { type: 'batch' }>): void {
    const last = this.#places.at(-1);
    if (this.#places.length >= mostPlaces || batch !== this.#places.length || sample < (last?.sample ?? 0))
      throw new EngineProtocolError(`batch ${batch} of a plan is out of order`);
    this.#places.push({ batch, clip, sample });
  }
}
