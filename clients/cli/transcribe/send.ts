import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { PhonographError } from '../../js/client.ts';
import { TranscribeDocument, type TranscribeInput } from '../../js/operations.ts';
import type { UploadProgress } from '../../js/upload.ts';
import type { Session } from '../session.ts';
import type { Recording } from './recordings.ts';
import type { Told } from './report.ts';

/** What a recording is sent with. */
export interface Sending {
  readonly session: Session;
  readonly input: Omit<TranscribeInput, 'media'>;
  readonly signal: AbortSignal;
  readonly tell: (told: Told) => void;
}

/** The job of a recording; of an earlier call where `existing`. */
export interface Accepted {
  readonly id: string;
  readonly status: string;
  readonly existing: boolean;
}

/** Submits a recording: an address for the server to fetch from, a file with all of its bytes. */
export async function sendRecording(
  { source }: Recording,
  { session, input, signal, tell }: Sending,
): Promise<Accepted> {
  if (source.kind === 'URL') return await submit(session, { ...input, media: { url: source.url } });
  const onProgress = (progress: UploadProgress) => tell({ type: 'sending', ...progress });
  return await session.persist(async () => {
    const file = new File([await openAsBlob(source.path)], basename(source.path));
    return await session.client.transcribe(file, { ...input, onProgress, signal });
  });
}

async function submit(session: Session, input: TranscribeInput): Promise<Accepted> {
  const { transcribe: result } = await session.ask(TranscribeDocument, { input });
  if (result.__typename !== 'TranscribeSuccess') throw new PhonographError(result);
  return { ...result.job, existing: result.existing };
}
