/** One word of a segment; times in seconds on the time line of the recording. */
export interface Word {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** As the model wrote it, with its leading space where the script has spaces. */
  readonly text: string;
  /** 0 to 1. */
  readonly probability: number;
  readonly speaker: string | null;
}

/** Timed text of subtitle size; `index` is 0, 1, 2 ... within the job, without gaps. */
export interface Segment {
  readonly index: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly text: string;
  /** Set where it differs from the job's. */
  readonly language: string | null;
  readonly speaker: string | null;
  readonly avgLogProbability: number | null;
  readonly noSpeechProbability: number | null;
  /** What a quality guard did here; null for most. */
  readonly guard: string | null;
  readonly words: readonly Word[] | null;
  /** What the engine heard, where somebody has changed the text since. */
  readonly originalText?: string | undefined;
}

/** A segment that is kept, with a name that no other one has, or has had. */
export interface StoredSegment extends Segment {
  readonly id: string;
}

/** The name of a segment: an index alone is used again after the transcript was cleared. */
export function segmentId(jobId: string, clears: number, index: number): string {
  return `${jobId}:${clears}:${index}`;
}

/** What the names of all segments of a transcript begin with, and those of no other transcript of the job. */
export function transcriptOf({ id, index }: StoredSegment): string {
  return id.slice(0, -`:${index}`.length);
}

/** A segment before the store has given it its place. */
export type NewSegment = Omit<Segment, 'index' | 'originalText'>;

/** What one speaker says of a segment, by the index of that one as it was heard. */
export interface CutSegment extends NewSegment {
  readonly partOf: number;
}

/** What is to change of a segment; what is absent stays. Text without spaces around it; a speaker by its key, null = nobody. */
export interface SegmentEdit extends Partial<Pick<Segment, 'text' | 'speaker' | 'startSeconds' | 'endSeconds'>> {
  readonly index: number;
}

/** Who speaks in a transcript. */
export interface Speaker {
  readonly id: string;
  /** What segments and words hold: 1, 2, 3 ... */
  readonly key: string;
  /** Null where nobody has given one. */
  readonly name: string | null;
  readonly speakingSeconds: number;
}

/** What a speaker is called where it is shown. */
export function labelOf({ key, name }: Pick<Speaker, 'key' | 'name'>): string {
  return name ?? `Speaker ${key}`;
}

export const transcriptFormats = ['TXT', 'SRT', 'VTT', 'TSV', 'JSON', 'ASS', 'LRC', 'CSV', 'HTML'] as const;
export type TranscriptFormat = (typeof transcriptFormats)[number];
