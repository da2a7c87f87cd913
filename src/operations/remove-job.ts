import type { Log } from '../logs/log.ts';
import type { UploadFolder } from '../media/upload.ts';
import type { Bell } from '../store/notifier.ts';
import type { Deleted, Removal } from '../store/store.ts';

/** What jobs are removed with. */
export interface RemovalParts {
  readonly store: Removal;
  /** Rings for each job that was removed. */
  readonly deletions: Bell;
  readonly uploads: Pick<UploadFolder, 'remove'>;
  readonly log: Log;
}

/** Deletes a job, then the copy of its recording. Where the process ends in between, the next start removes the copy. */
export async function removeJob(id: string, { store, deletions, uploads, log }: RemovalParts): Promise<Deleted | null> {
  const deleted = await store.deleteJob(id);
  if (deleted === null || deleted.refused) return deleted;
  deletions.ring(id);
  if (deleted.kept !== null) {
    await uploads.remove(deleted.kept).catch((err: unknown) => log.error({ err }, 'recording not removed'));
  }
  return deleted;
}
