import type { LocalFile } from '../store.ts';

/** The plain sound of recordings that several engines read, by their jobs. It is made from the recording, and can be made again. */
export interface SampleStore {
  /** Opens a file that an engine writes to; `bytes` are to come. Nobody reads it before `keep`. Throws StorageFullError. */
  write(jobId: string, bytes: number): Promise<SamplesToWrite>;
  /** Opens what was kept; null where there is nothing. The caller disposes of it. Throws the reason of a signal that is aborted. */
  open(jobId: string, signal: AbortSignal): Promise<Samples | null>;
  remove(jobId: string): Promise<void>;
  /** Removes what is not needed, told by the job, and what nobody has finished writing within a day. */
  sweep(isNeeded: (jobId: string) => Promise<boolean>): Promise<void>;
}

/** A file that an engine writes to; disposed of without `keep`, it is gone. */
interface SamplesToWrite extends AsyncDisposable {
  readonly path: string;
  keep(): Promise<void>;
}

/** An open file of samples. */
interface Samples extends AsyncDisposable {
  readonly file: LocalFile;
}
