import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandError } from '../errors.ts';
import { TranscriptAddressDocument } from '../operations.ts';
import type { Session } from '../session.ts';
import { type Format, graphqlFormats } from './formats.ts';
import { reasonOf } from './recordings.ts';

/** Writes the transcript of a job; a file is there as a whole or not at all. */
export async function writeTranscript(
  session: Session,
  { job, format, path }: { readonly job: string; readonly format: Format; readonly path: string },
): Promise<void> {
  const text = await readTranscript(session, job, format);
  await writeWhole(path, text).catch((error: unknown) => {
    throw new CommandError(`${path} cannot be written: ${reasonOf(error)}.`);
  });
}

/** Writes a file, which is there as a whole or not at all, and makes its folder; both can be used by this user alone where `isPrivate`. */
export async function writeWhole(path: string, text: string, isPrivate = false): Promise<void> {
  const part = join(dirname(path), `.${randomUUID()}.part`);
  try {
    await mkdir(dirname(path), { recursive: true, ...(isPrivate && { mode: 0o700 }) });
    await writeFile(part, text, isPrivate ? { mode: 0o600 } : {});
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** The transcript of a job as text. */
export async function readTranscript(session: Session, job: string, format: Format): Promise<string> {
  return await session.persist(async () => (await openTranscript(session, job, format)).text());
}

async function openTranscript(session: Session, id: string, format: Format): Promise<Response> {
  const { job } = await session.ask(TranscriptAddressDocument, { id, format: graphqlFormats[format] });
  if (job === null) throw new CommandError(`There is no job ${id}.`);
  const response = await fetch(new URL(job.transcriptUrl, session.url), { signal: session.signal });
  if (response.status === 404)
    throw new CommandError(`The job ${id} has no transcript${job.status === 'COMPLETED' ? '' : ' yet'}.`);
  if (!response.ok) throw new CommandError(`The transcript of ${id} was not sent: status ${response.status}.`);
  return response;
}

/** Those of some files that are there. */
export async function thoseThere(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => found[index]);
}
