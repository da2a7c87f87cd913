import type { PartClaim, PartStore } from '#src/store/parts.ts';
import { openBatch, provenanceOf, type UnfinishedBatch, type Write } from '../engine-output.ts';
import { type Checkpoint, checkpointOf } from '../engine-request.ts';
import { type EngineLine, EngineProtocolError, type LineOf, parseLine } from '../protocol.ts';
import type { Listener } from '../run-engine.ts';
import type { Length } from '../watchdog.ts';
import { isSameEngine, startSecondsOf } from './cut-parts.ts';

/** The next part that an engine is to read, and how it is told. */
interface NextPart {
  readonly claim: PartClaim;
  readonly line: object;
}

/** Where what is said of a part is kept. */
interface Keeping {
  readonly store: Pick<PartStore, 'appendToPart'>;
  readonly write: Write;
}

/** What one engine says of parts that it reads one after the other; `next` takes the next one, null = there is none. */
export class PartsOutput implements Listener {
  readonly #keeping: Keeping;
  readonly #next: () => Promise<NextPart | null>;
  readonly #length: Length;
  #part: PartOutput;

  constructor(first: PartClaim, keeping: Keeping, next: () => Promise<NextPart | null>) {
    this.#keeping = keeping;
    this.#next = next;
    this.#part = new PartOutput(first, keeping);
    const seconds = (first.job.media.durationSeconds ?? 0) - (first.range === null ? 0 : startSecondsOf(first.range));
    this.#length = { knownSeconds: Math.max(0, seconds), isFinal: true };
  }

  get last(): Listener['last'] {
    return this.#part.last;
  }

  get provenance(): Listener['provenance'] {
    return this.#part.provenance;
  }

  get isStopped(): boolean {
    return this.#part.isStopped;
  }

  /** From the first part to the end of the recording: who is fast reads all of it. */
  length(): Length {
    return this.#length;
  }

  take(text: string): ReturnType<Listener['take']> {
    return this.#part.take(text);
  }

  async further(): Promise<object | null> {
    if (this.#part.last?.type !== 'end') return null;
    const next = await this.#next();
    if (next === null) return { part: null };
    this.#part = new PartOutput(next.claim, this.#keeping);
    return next.line;
  }
}

/** What an engine says of one part: each batch is kept with the part once it is final. */
class PartOutput {
  last: LineOf<'end'> | LineOf<'error'> | null = null;
  provenance: Readonly<Record<string, unknown>> | null = null;
  /** Whether the engine would write another text than the one that the job began with. */
  isStopped = false;

  readonly #claim: PartClaim;
  readonly #startSeconds: number;
  readonly #keeping: Keeping;
  readonly #batch: UnfinishedBatch;
  readonly #checkpoint: Checkpoint | null;

  constructor(claim: PartClaim, keeping: Keeping) {
    this.#claim = claim;
    this.#keeping = keeping;
    this.#checkpoint = checkpointOf(claim);
    const first = claim.range?.batch ?? 0;
    this.#batch = openBatch(this.#checkpoint === null ? first : this.#checkpoint.batch + 1);
    this.#startSeconds = claim.range === null ? 0 : startSecondsOf(claim.range);
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
    const { store, write } = this.#keeping;
    await write('appendToPart', () => store.appendToPart(this.#claim.lease, batch, seconds));
  }
}
