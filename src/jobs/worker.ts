import { type ComputePower, computePowers, type TranscriptionMode, transcriptionModes } from './job.ts';

/** What the test of an engine found: it really decodes a few seconds of speech. */
export interface EngineStatus {
  readonly ready: boolean;
  /** Version of our program. */
  readonly engine: string | null;
  readonly fasterWhisper: string | null;
  readonly ctranslate2: string | null;
  readonly python: string | null;
  /** What it is kept from, network and files; null where that is not known. */
  readonly confined: readonly string[] | null;
  /** Why it is not ready, for the person who runs the server. */
  readonly problem: string | null;
}

/** The status of an engine that cannot do its work, or of which nothing is known yet, and then there is no problem. */
export function unreadyEngine(problem: string | null): EngineStatus {
  return { ready: false, engine: null, fasterWhisper: null, ctranslate2: null, python: null, confined: null, problem };
}

/** A Whisper model with those who would run it. */
export interface ModelState {
  readonly id: string;
  /** Null where there is nobody who could tell. */
  readonly installed: boolean | null;
  /** Size of `model.bin` and the files beside it; null where it is not known. */
  readonly bytes: number | null;
  /** 0 to 1; null where it is not downloaded now. */
  readonly downloading: number | null;
  /** Why it is not installed, where it is more than that nothing is there. */
  readonly because: string | null;
  /** Why its last download failed. */
  readonly problem: string | null;
}

/** What is asked of every worker for a model. */
export interface ModelRequest {
  readonly model: string;
  readonly action: 'DOWNLOAD' | 'CANCEL' | 'REMOVE';
  readonly requestedAt: Date;
}

/** What a process that runs jobs says of itself. */
export interface WorkerReport {
  /** Of this process: another start has another. */
  readonly id: string;
  /** As its attempts have it. */
  readonly name: string;
  /** Of Phonograph. */
  readonly version: string;
  /** Jobs that it runs at a time. */
  readonly slots: number;
  /** `cpu`, and each GPU by its index and name. */
  readonly devices: readonly string[];
  /** As its model folder has them. */
  readonly models: readonly ModelState[];
  /** Of the jobs that it takes: see `needsOf`. */
  readonly classes: readonly string[];
  /** Null until it was tested. */
  readonly engine: EngineStatus | null;
}

/** READY takes jobs, DRAINING takes no new ones and leaves, LOST was not heard of for longer than a lease lasts. */
export type WorkerStatus = 'READY' | 'DRAINING' | 'LOST';

/** A process that runs jobs, as the others see it. */
export interface Worker extends WorkerReport {
  readonly status: WorkerStatus;
  /** Jobs that it runs now. */
  readonly working: number;
  readonly startedAt: Date;
  readonly seenAt: Date;
}

/** What a worker takes jobs of; what is absent is all there are. */
export interface Serves {
  readonly modes?: readonly TranscriptionMode[];
  readonly computePowers?: readonly ComputePower[];
}

/** The class of a job: jobs of one class are run by the same workers. */
export function needsOf({
  mode,
  computePower,
}: {
  readonly mode: TranscriptionMode;
  readonly computePower: ComputePower;
}): string {
  return `${mode} ${computePower}`;
}

/** The classes of the jobs that a worker takes. */
export function classesOf({ modes = transcriptionModes, computePowers: powers = computePowers }: Serves): string[] {
  return modes.flatMap((mode) => powers.map((computePower) => needsOf({ mode, computePower })));
}
