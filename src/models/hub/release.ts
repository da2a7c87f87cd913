import { z } from 'zod';
import { askHub, type Hub } from './client.ts';
import { HubError } from './hub-error.ts';
import { openSilence } from './silence.ts';

/** A model as it is at one commit of its repository. */
export interface Release {
  /** Such as Systran/faster-whisper-medium. */
  readonly repository: string;
  readonly commit: string;
  readonly files: readonly ReleaseFile[];
}

/** A file with what it must be. The hub tells large ones (Git LFS) by the sha256 of their bytes, small ones as Git does: sha1 over a header and the bytes. */
export interface ReleaseFile {
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

/** Asks the hub for the newest commit of a repository and the files of a model in it. Throws HubError. */
export async function readRelease(hub: Hub, repository: string, signal: AbortSignal): Promise<Release> {
  using silence = openSilence(signal, hub.silenceMs);
  const response = await askHub(hub, `api/models/${repository}/revision/main?blobs=true`, { silence });
  const text = await silence.explain(response.text());
  const { sha, siblings } = parse(text, answerSchema);
  const files = siblings.filter(({ rfilename }) => wanted.test(rfilename)).map((file) => readFile(file));
  if (!needed.every((name) => files.some((file) => name.test(file.name))))
    throw new HubError('What the hub has there is no whole model in CTranslate2 format.');
  return { repository, commit: sha, files };
}

function readFile(told: unknown): ReleaseFile {
  const { rfilename: name, size: bytes, blobId, lfs } = check(told, fileSchema);
  return { name, bytes, hash: lfs ? { kind: 'sha256', hex: lfs.sha256 } : { kind: 'git-sha1', hex: blobId } };
}

function parse<T>(text: string, schema: z.ZodType<T>): T {
  try {
    return check(JSON.parse(text), schema);
  } catch (cause) {
    throw cause instanceof HubError ? cause : notUnderstood(cause);
  }
}

function check<T>(value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw notUnderstood(parsed.error);
  return parsed.data;
}

function notUnderstood(cause: unknown): HubError {
  return new HubError('The answer of the hub is not understood.', { cause });
}
