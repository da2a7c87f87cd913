import type { Job } from '#src/jobs/job.ts';
import { openRecording } from '#src/media/recording.ts';
import type { Context } from './context.ts';

/** Where the recording of a job can be played, relative to the server's address; null where the server has it no more. */
export async function mediaUrl({ id, media }: Job, { config }: Pick<Context, 'config'>): Promise<string | null> {
  const recording = await openRecording(media, config.server);
  await recording?.handle.close();
  return recording === null ? null : `/jobs/${id}/media`;
}
