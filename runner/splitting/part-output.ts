import type { PartClaim, PartStore } from '#src/store/parts.ts';
import { openBatch, provenanceOf, type UnfinishedBatch, type Write } from '../engine-output.ts';
import { type Checkpoint, checkpointOf } from '../engine-request.ts';
import { type EngineLine, EngineProtocolError, type LineOf, parseLine } from '../protocol.ts';
import type { Listener } from '../run-engine.ts';
import type { Length } from '../watchdog.ts';
import { isSameEngine, startSecondsOf } from './cut-parts.ts';

/** What one engine says of a part: each batch is kept with the part once it is final. */
export class PartOutput implements Listener {
  last: LineOf<'end'> | LineOf<'error'> | null = null;
  provenance: Readonly<Record<string, unknown>> | null = null;
  /** Whether the engine would write another text than the one that the job began with. */
  isStopped = false;

  readonly #claim: PartClaim;
  readonly #startSeconds: number;
  readonly #store: Pick<PartStore, 'appendToPart'>;
  readonly #write: Write;
  readonly #batch: UnfinishedBatch;
  readonly #checkpoint: Checkpoint | null;

  constructor(claim: PartClaim, store: Pick<PartStore, 'appendToPart'>, write: Write) {
    this.#claim = claim;
    this.#store = store;
    this.#write = write;
    this.#checkpoint = checkpointOf(claim);
    const first = claim.range?.batch ?? 0;
    this.#batch = openBatch(this.#checkpoint === null ? first : this.#checkpoint.batch + 1);
    this.#startSeconds = claim.range === null ? 0 : startSecondsOf(claim.range);
  }

  length(): Length {
    const knownSeconds = this.#claim.job.media.durationSeconds ?? 0;
    return { knownSeconds: Math.max(0, knownSeconds - this.#startSeconds), isFinal: true };
  }

  take(text: string): ReturnType<Listener['take']> {
    const line = parseLine(text);
    const writing = line === null ? undefined : this.#hear(line, text.length);
    return { writing, isCheckpoint: line?.type === 'checkpoint' };
  }

  #hear(line: EngineLine, size: number): Promise<void> | undefined {
    if (line.type === 'error') {
      this.last = line;
      return undefined;
    }
    if (line.type === 'hello') {
      this.provenance = provenanceOf(line);
      const resumes = this.#checkpoint !== null;
      this.isStopped = !isSameEngine(this.provenance, this.#claim.provenance) || line.resumed !== resumes;
      return undefined;
    }
    if (line.type === 'ready' || line.type === 'heartbeat') return undefined;
    if (this.provenance === null) throw new EngineProtocolError(`a ${line.type} line came before hello`);
    if (line.type === 'segment') this.#batch.add(line, size);
    if (line.type === 'voices') this.#batch.hear(line, size);
    if (line.type === 'checkpoint') return this.#commit(line);
    if (line.type !== 'end') return undefined;
    if (!this.#batch.isEmpty) throw new EngineProtocolError('it ended with what no checkpoint makes final');
    this.last = line;
    return undefined;
  }

  async #commit(line: LineOf<'checkpoint'>): Promise<void> {
    const { segments, voices } = this.#batch.close(line);
    const checkpoint: Checkpoint = { batch: line.batch, resume: line.resume };
    const batch = { batch: line.batch, segments, voices, checkpoint };
    const seconds = Math.max(0, line.processedSeconds - this.#startSeconds);
    await this.#write('appendToPart', () => this.#store.appendToPart(this.#claim.lease, batch, seconds));
  }
}
