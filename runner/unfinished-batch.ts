import type { NewSegment } from '#src/jobs/transcript.ts';
import { EngineProtocolError, type LineOf } from './protocol.ts';

/** A batch holds at most some minutes of speech; far beyond that an engine is broken. */
const maxSegments = 20_000;
const maxBytes = 16 * 1024 * 1024;

/** The segments since the last checkpoint. They count for nothing until the next one makes them final. */
export interface UnfinishedBatch {
  readonly isEmpty: boolean;
  /** Throws EngineProtocolError for a segment of another batch, out of order, or beyond the limits. */
  add(line: LineOf<'segment'>, bytes: number): void;
  /** Empties it for the next batch. Throws EngineProtocolError where the checkpoint is of another batch. */
  close(line: LineOf<'checkpoint'>): readonly NewSegment[];
}

/** Opens the batch with this number, the first that a job still lacks. */
export function openBatch(first: number): UnfinishedBatch {
  let batch = first;
  let segments: NewSegment[] = [];
  let bytesHeld = 0;
  let lastStart = 0;
  return {
    get isEmpty() {
      return segments.length === 0;
    },
    add(line, bytes) {
      expect(line.batch === batch, `a segment of batch ${line.batch} came in batch ${batch}`);
      expect(line.startSeconds >= lastStart, `a segment of batch ${batch} starts before the one ahead of it`);
      bytesHeld += bytes;
      expect(segments.length < maxSegments && bytesHeld <= maxBytes, `batch ${batch} is too large`);
      lastStart = line.startSeconds;
      segments.push(segmentOf(line));
    },
    close(line) {
      expect(line.batch === batch, `a checkpoint of batch ${line.batch} came in batch ${batch}`);
      const closed = segments;
      batch += 1;
      segments = [];
      bytesHeld = 0;
      return closed;
    },
  };
}

function segmentOf(line: LineOf<'segment'>): NewSegment {
  const { startSeconds, endSeconds, text, language, speaker, avgLogProbability, noSpeechProbability, guard } = line;
  const words = line.words?.map((word) => ({ ...word, speaker })) ?? null;
  return { startSeconds, endSeconds, text, language, speaker, avgLogProbability, noSpeechProbability, guard, words };
}

function expect(fact: boolean, problem: string): void {
  if (!fact) throw new EngineProtocolError(problem);
}
