import type { Response } from 'undici';
import { z } from 'zod';
import { TransferError } from '../../media/transfer.ts';
import { askHub, type Hub, watchHub } from './client.ts';

/** A model as it is at one commit of its repository. */
export interface ModelRevision {
  /** Such as Systran/faster-whisper-medium. */
  readonly repository: string;
  readonly commit: string;
  readonly files: readonly ModelFile[];
}

/** A file with what it must be. The hub tells large ones (Git LFS) by the sha256 of their bytes, small ones as Git does: sha1 over a header and the bytes. */
export interface ModelFile {
  readonly name: string;
  readonly bytes: number;
  readonly hash: { readonly kind: 'sha256' | 'git-sha1'; readonly hex: string };
}

/** What faster-whisper reads (faster_whisper/utils.py, 1.2.1). The names become names on disk, so that nothing else may pass. */
const wanted = /^(?:model\.bin|config\.json|preprocessor_config\.json|tokenizer\.json|vocabulary\.(?:json|txt))$/u;
const needed = [/^model\.bin$/u, /^config\.json$/u, /^tokenizer\.json$/u, /^vocabulary\./u];

const answerSchema = z.object({
  // A folder is named after it.
  sha: z.string().regex(/^[0-9a-f]{40}$/u),
  siblings: z.array(z.looseObject({ rfilename: z.string() })),
});

const fileSchema = z.object({
  rfilename: z.string(),
  size: z.int().min(0),
  blobId: z.string().regex(/^[0-9a-f]{40}$/u),
  lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/u) }).nullish(),
});

/** Asks the hub for the newest commit of a repository and the files of a model in it. Throws TransferError. */
export async function readRevision(hub: Hub, repository: string, signal: AbortSignal): Promise<ModelRevision> {
  using idle = watchHub(hub, signal);
  const response = await askHub(hub, `api/models/${repository}/revision/main?blobs=true`, { idle });
  const text = await idle.explain(readText(response));
  const { sha, siblings } = parse(text, answerSchema);
  const files = siblings.filter(({ rfilename }) => wanted.test(rfilename)).map((file) => readFile(file));
  if (!needed.every((name) => files.some((file) => name.test(file.name))))
    throw new TransferError('What the hub has there is no whole model in CTranslate2 format.');
  return { repository, commit: sha, files };
}

/** Far above what the hub says of a repository. */
const maxAnswerBytes = 4_194_304;

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new TransferError('The answer of the hub is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function readFile(told: unknown): ModelFile {
  const { rfilename: name, size: bytes, blobId, lfs } = check(told, fileSchema);
  return { name, bytes, hash: lfs ? { kind: 'sha256', hex: lfs.sha256 } : { kind: 'git-sha1', hex: blobId } };
}

function parse<T>(text: string, schema: z.ZodType<T>): T {
  try {
    return check(JSON.parse(text), schema);
  } catch (cause) {
    throw cause instanceof TransferError ? cause : notUnderstood(cause);
  }
}

function check<T>(value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw notUnderstood(parsed.error);
  return parsed.data;
}

function notUnderstood(cause: unknown): TransferError {
  return new TransferError('The answer of the hub is not understood.', { cause });
}

/** Where models lie on the Hugging Face hub in CTranslate2's format, by faster-whisper's own names for them (faster_whisper/utils.py, 1.2.1). */
const repositories = new Map([
  ['tiny.en', 'Systran/faster-whisper-tiny.en'],
  ['tiny', 'Systran/faster-whisper-tiny'],
  ['base.en', 'Systran/faster-whisper-base.en'],
  ['base', 'Systran/faster-whisper-base'],
  ['small.en', 'Systran/faster-whisper-small.en'],
  ['small', 'Systran/faster-whisper-small'],
  ['medium.en', 'Systran/faster-whisper-medium.en'],
  ['medium', 'Systran/faster-whisper-medium'],
  ['large-v1', 'Systran/faster-whisper-large-v1'],
  ['large-v2', 'Systran/faster-whisper-large-v2'],
  ['large-v3', 'Systran/faster-whisper-large-v3'],
  ['large', 'Systran/faster-whisper-large-v3'],
  ['large-v3-turbo', 'mobiuslabsgmbh/faster-whisper-large-v3-turbo'],
  ['turbo', 'mobiuslabsgmbh/faster-whisper-large-v3-turbo'],
  ['distil-small.en', 'Systran/faster-distil-whisper-small.en'],
  ['distil-medium.en', 'Systran/faster-distil-whisper-medium.en'],
  ['distil-large-v2', 'Systran/faster-distil-whisper-large-v2'],
  ['distil-large-v3', 'Systran/faster-distil-whisper-large-v3'],
  ['distil-large-v3.5', 'distil-whisper/distil-large-v3.5-ct2'],
]);

/** The ids of the models that can be downloaded, small ones first. */
export const downloadableModels: readonly string[] = [...repositories.keys()];

/** The repository of a model, such as Systran/faster-whisper-medium; null where it cannot be downloaded. */
export function repositoryOf(id: string): string | null {
  return repositories.get(id) ?? null;
}
