import { openClient } from '../../js/client.ts';
import { base, type Connection } from '../connection.ts';
import { always, type JobOptions } from './drafts.ts';

interface Sending {
  readonly connection: Connection;
  readonly file: File;
  readonly options: JobOptions;
  readonly onProgress: (sentBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Sends a recording of this computer and submits it. */
export async function sendRecording({ connection, file, options, onProgress, signal }: Sending): Promise<void> {
  const client = openClient({ url: base, token: connection.token });
  await client.transcribe(file, {
    ...options,
    ...always,
    onProgress: ({ sentBytes }) => onProgress(sentBytes),
    signal,
  });
}
