import type { DetectedLanguage, JobStage, Progress } from '#src/jobs/job.ts';
import type { NewSegment } from '#src/jobs/transcript.ts';
import type { PartStore } from '#src/store/parts.ts';
import type { Work } from '#src/store/store.ts';
import type { Claim, Voices } from '#src/store/work.ts';
import { type Checkpoint, checkpointOf } from './engine-request.ts';
import { type EngineLine, EngineProtocolError, type LineOf } from './protocol.ts';
import { alone, type Passage } from './splitting/passage.ts';
import type { Length } from './watchdog.ts';

/** Writes to the store under the lease of the claim; throws where the lease is lost. */
export type Write = (what: keyof Work | keyof PartStore, act: () => Promise<boolean>) => Promise<void>;

/** The stages in their order. A stage that does not come after the present one is not written. */
const stages: readonly JobStage[] = [
  'STARTING',
  'DECODING',
  'DETECTING_LANGUAGE',
  'TRANSCRIBING',
  'DIARIZING',
  'FINISHING',
];

/**
 * What one engine says for one claim: what is final goes to the store, segments wait for their checkpoint.
 *
 * However much an engine talks, it causes few writes: stages only go forward, language and media are taken once or twice.
 */
export class EngineOutput {
  /** The last word, once it is said; what comes after it is ignored. */
  last: LineOf<'end'> | LineOf<'error'> | null = null;
  /** What decided the text; null before the engine has introduced itself. */
  provenance: Readonly<Record<string, unknown>> | null = null;
  /** Whether others read what comes next. */
  isStopped = false;
  /** The clip before which the engine is to stop; null where that is not known. */
  to: number | null = null;

  readonly #claim: Claim;
  readonly #store: Work;
  readonly #write: Write;
  readonly #passage: Passage;
  readonly #checkpoint: Checkpoint | null;
  #batch: UnfinishedBatch | null = null;
  #progress: Progress;
  #language: DetectedLanguage | null = null;
  #media: LineOf<'media'> | null = null;
  #hasPeaks = false;
  /** How many segments are final. */
  #segments = 0;
  #knownSeconds = 0;

  constructor(claim: Claim, store: Work, write: Write, passage: Passage = alone) {
    this.#passage = passage;
    this.#claim = claim;
    this.#store = store;
    this.#write = write;
    this.#checkpoint = checkpointOf(claim);
    this.#progress = startOf(claim.job.progress, true);
  }

  /**
   * Takes one line, `size` characters long. A promise only where the store is written to: most lines of an engine that floods are not worth
   * one. Throws EngineProtocolError, rejects with what `write` throws.
   */
  take(line: EngineLine, size: number): Promise<void> | undefined {
    if (this.last !== null) return undefined;
    switch (line.type) {
      case 'ready':
      case 'heartbeat':
        return undefined;
      case 'hello':
        return this.#meet(line);
      case 'stage':
        return this.#enter(line);
      case 'media':
        return this.#saveMedia(line);
      case 'peaks':
        return this.#savePeaks(line);
      case 'language':
        return this.#saveLanguage(line);
      case 'segment':
        this.#batchFor(line).add(line, size);
        return undefined;
      case 'voices':
        this.#batchFor(line).hear(line, size);
        return undefined;
      case 'progress':
        this.#progress = advance(this.#progress, line);
        return undefined;
      case 'checkpoint':
        return this.#commit(line);
      case 'end':
        return this.#end(line);
      case 'error':
        this.last = line;
        return undefined;
      default:
        return line satisfies never;
    }
  }

  /** The length of the recording, as far as the engine has told it or come. */
  length(): Length {
    const knownSeconds = Math.max(this.#knownSeconds, this.#progress.processedSeconds);
    return { knownSeconds, isFinal: this.#media?.final ?? false };
  }

  async #meet(line: LineOf<'hello'>): Promise<void> {
    if (this.#batch !== null) throw new EngineProtocolError('it said hello twice');
    const { lease, job, checkpoint } = this.#claim;
    const resumed = line.resumed ? this.#checkpoint : null;
    this.provenance = provenanceOf(line);
    this.#progress = startOf(job.progress, resumed !== null);
    this.#language = resumed === null ? null : job.language;
    if (resumed === null && (checkpoint !== null || job.segmentCount > 0)) {
      await this.#write('clearTranscript', () => this.#store.clearTranscript(lease));
    }
    this.#segments = resumed === null ? 0 : job.segmentCount;
    this.#batch = openBatch(resumed === null ? 0 : resumed.batch + 1);
  }

  #batchFor(line: EngineLine): UnfinishedBatch {
    if (this.#batch === null) throw new EngineProtocolError(`a ${line.type} line came before hello`);
    return this.#batch;
  }

  #enter(line: LineOf<'stage'>): Promise<void> | undefined {
    this.#batchFor(line);
    if (stages.indexOf(line.stage) <= stages.indexOf(this.#progress.stage)) return undefined;
    this.#progress = { ...this.#progress, stage: line.stage };
    return this.#write('enterStage', () => this.#store.enterStage(this.#claim.lease, this.#progress));
  }

  /** Written at first sight and when final; the length known in between is for the time limit alone. */
  #saveMedia(line: LineOf<'media'>): Promise<void> | undefined {
    this.#batchFor(line);
    this.#knownSeconds = Math.max(this.#knownSeconds, line.durationSeconds ?? 0);
    if (this.#media !== null && (this.#media.final || !line.final)) return undefined;
    this.#media = line;
    return this.#storeMedia(line, line.warnings);
  }

  async #storeMedia(line: LineOf<'media'>, warnings: readonly string[]): Promise<void> {
    const { durationSeconds, container, codec, sampleRate, channels, tracks } = line;
    const media = { durationSeconds, container, codec, sampleRate, channels, tracks, warnings };
    await this.#write('saveMedia', () => this.#store.saveMedia(this.#claim.lease, media));
  }

  /** Once: another list of thousands would be written for nothing. */
  #savePeaks(line: LineOf<'peaks'>): Promise<void> | undefined {
    this.#batchFor(line);
    if (this.#hasPeaks) return undefined;
    this.#hasPeaks = true;
    return this.#write('savePeaks', () => this.#store.savePeaks(this.#claim.lease, line.values));
  }

  #saveLanguage(line: LineOf<'language'>): Promise<void> | undefined {
    this.#batchFor(line);
    if (this.#language !== null) return undefined;
    const language = { code: line.code, probability: line.probability };
    this.#language = language;
    return this.#write('saveLanguage', () => this.#store.saveLanguage(this.#claim.lease, language));
  }

  async #commit(line: LineOf<'checkpoint'>): Promise<void> {
    const { segments, voices } = this.#batchFor(line).close(line);
    const processedSeconds = Math.max(this.#progress.processedSeconds, line.processedSeconds);
    const checkpoint: Checkpoint = { batch: line.batch, resume: line.resume };
    this.#progress = { ...this.#progress, processedSeconds };
    const progress = this.#passage.beside(this.#progress, line.processedSeconds);
    const batch = { after: this.#segments, segments, voices, checkpoint, progress };
    await this.#write('appendBatch', () => this.#store.appendBatch(this.#claim.lease, batch));
    this.#segments += segments.length;
    const passer = { provenance: this.provenance, atSeconds: line.processedSeconds, knownSeconds: this.#knownSeconds };
    const course = await this.#passage.pass(checkpoint, passer);
    this.isStopped = course === 'STOP';
    if (typeof course === 'number') this.to = course;
  }

  async #end(line: LineOf<'end'>): Promise<void> {
    if (!this.#batchFor(line).isEmpty) {
      throw new EngineProtocolError('it ended with segments or voices that no checkpoint makes final');
    }
    if (this.to !== null) {
      // It has stopped where it was told to: this is not the end of the recording.
      this.isStopped = true;
      return;
    }
    const media = this.#media;
    const warnings = [...new Set([...(media?.warnings ?? []), ...line.warnings])];
    if (media !== null && warnings.length > media.warnings.length) await this.#storeMedia(media, warnings);
    this.last = line;
  }
}

/** A batch holds at most some minutes of speech; far beyond that an engine is broken. */
const maxSegments = 20_000;
const maxBytes = 16 * 1024 * 1024;

/** The segments since the last checkpoint. They count for nothing until the next one makes them final. */
export interface UnfinishedBatch {
  readonly isEmpty: boolean;
  /** Throws EngineProtocolError for a segment of another batch, out of order, or beyond the limits. */
  add(line: LineOf<'segment'>, bytes: number): void;
  /** Takes how the voices of a clip sound. Throws as `add` does. */
  hear(line: LineOf<'voices'>, bytes: number): void;
  /** Empties it for the next batch. Throws EngineProtocolError where the checkpoint is of another batch. */
  close(line: LineOf<'checkpoint'>): { readonly segments: readonly NewSegment[]; readonly voices: readonly Voices[] };
}

/** Opens the batch with this number, the first that a job still lacks. */
export function openBatch(first: number): UnfinishedBatch {
  let batch = first;
  let segments: NewSegment[] = [];
  let voices: Voices[] = [];
  let bytesHeld = 0;
  let lastStart = 0;
  return {
    get isEmpty() {
      return segments.length === 0 && voices.length === 0;
    },
    add(line, bytes) {
      expect(line.batch === batch, `a segment of batch ${line.batch} came in batch ${batch}`);
      expect(line.startSeconds >= lastStart, `a segment of batch ${batch} starts before the one ahead of it`);
      bytesHeld += bytes;
      expect(segments.length < maxSegments && bytesHeld <= maxBytes, `batch ${batch} is too large`);
      lastStart = line.startSeconds;
      segments.push(segmentOf(line));
    },
    hear({ batch: of, clip, pieces }, bytes) {
      expect(of === batch, `voices of batch ${of} came in batch ${batch}`);
      bytesHeld += bytes;
      expect(voices.length < maxSegments && bytesHeld <= maxBytes, `batch ${batch} is too large`);
      voices.push({ clip, pieces });
    },
    close(line) {
      expect(line.batch === batch, `a checkpoint of batch ${line.batch} came in batch ${batch}`);
      const closed = { segments, voices };
      batch += 1;
      [segments, voices] = [[], []];
      bytesHeld = 0;
      return closed;
    },
  };
}

/** What decides the text, as an engine says it of itself. */
export function provenanceOf(line: LineOf<'hello'>): Readonly<Record<string, unknown>> {
  const { engine, versions, model, device, computeType, threads, cpu, card } = line;
  return { engine, versions, model, device, computeType, threads, cpu, card };
}

function segmentOf(line: LineOf<'segment'>): NewSegment {
  const { startSeconds, endSeconds, text, language, speaker, avgLogProbability, noSpeechProbability, guard } = line;
  const words = line.words?.map((word) => ({ ...word, speaker })) ?? null;
  return { startSeconds, endSeconds, text, language, speaker, avgLogProbability, noSpeechProbability, guard, words };
}

function expect(fact: boolean, problem: string): void {
  if (!fact) throw new EngineProtocolError(problem);
}

/** Only a COMPLETED job is at 1. */
const almost = 0.999;

/** The progress of an attempt that goes on at a checkpoint, or starts from nothing. */
function startOf(progress: Progress, resumes: boolean): Progress {
  const { fraction, processedSeconds } = resumes ? progress : { fraction: 0, processedSeconds: 0 };
  // An attempt begins with STARTING; one whose engine goes on after parts that others read is further by then.
  const stage = resumes ? progress.stage : 'STARTING';
  return { stage, fraction, processedSeconds, etaSeconds: null, speed: null };
}

/** Progress after an engine's `progress` line: neither it nor the seconds ever go back. */
function advance(progress: Progress, line: LineOf<'progress'>): Progress {
  return {
    ...progress,
    fraction: Math.max(progress.fraction, Math.min(line.fraction, almost)),
    processedSeconds: Math.max(progress.processedSeconds, line.processedSeconds),
    etaSeconds: line.etaSeconds,
    speed: line.speed,
  };
}
