import { type Connection, successOf } from '../connection.ts';
import { type TranscribeInput, TranscribeDocument } from '../operations.ts';
import { openStore } from '../store.ts';
import { PhonographError } from '../../js/client.ts';
import { tellError } from '../toasts.tsx';
import { forgetUpload, sendResumably, Unanswered, untilAnswered } from './resumable-upload.ts';

/** A recording that somebody wants to have transcribed: on this computer, on the server, at an address that the server fetches it from. */
export type Source =
  | { readonly kind: 'FILE'; readonly name: string; readonly file: File }
  | { readonly kind: 'PATH'; readonly name: string; readonly path: string }
  | { readonly kind: 'URL'; readonly name: string; readonly url: string };

/** What is common to all that are submitted together. */
export type JobOptions = Omit<TranscribeInput, 'media' | 'title'>;

/** Sources that wait for their options in the drawer. */
export const drafts = openStore<readonly Source[]>([]);

export function addDrafts(sources: readonly Source[]): void {
  if (sources.length > 0) drafts.set((all) => [...all, ...sources]);
}

/** A recording on its way to the server. */
export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly sentBytes: number;
  readonly state: 'WAITS' | 'SENDS' | 'FAILED';
  readonly problem: string | null;
  readonly hint: string | null;
}

export const uploads = openStore<readonly Upload[]>([]);

/** The page plays from the word that is clicked, and marks the one that is being said. */
const always = { wordTimestamps: true } as const;

interface Task {
  readonly source: Source & { readonly kind: 'FILE' };
  readonly options: JobOptions;
  readonly connection: Connection;
  readonly stop: AbortController;
}

const tasks = new Map<string, Task>();

/** Two at a time: one more would only make each slower. */
const atATime = 2;

/** Submits recordings: those of the server and of other addresses at once, those of this computer when they have been sent. */
export async function submit(connection: Connection, sources: readonly Source[], options: JobOptions): Promise<void> {
  for (const source of sources) if (source.kind === 'FILE') queueUpload(connection, source, options);
  for (const source of sources) {
    if (source.kind === 'FILE') continue;
    const media = source.kind === 'PATH' ? { path: source.path } : { url: source.url };
    // One that is refused does not keep the others from being transcribed.
    await transcribe(connection, { ...options, media, idempotencyKey: crypto.randomUUID() }).catch(tellError);
  }
}

async function transcribe(connection: Connection, input: TranscribeInput): Promise<void> {
  const whole = { ...input, ...always };
  successOf((await connection.change(TranscribeDocument, { input: whole })).transcribe);
}

/** Whether it was accepted nobody can say without an answer; asked again with the same idempotencyKey it is the same job. */
function throwAway(error: unknown): never {
  throw error instanceof PhonographError ? error : new Unanswered();
}

function queueUpload(connection: Connection, source: Task['source'], options: JobOptions): void {
  const id = crypto.randomUUID();
  tasks.set(id, { source, options, connection, stop: new AbortController() });
  const { name, file } = source;
  const upload = { id, name, bytes: file.size, sentBytes: 0, state: 'WAITS', problem: null, hint: null } as const;
  uploads.set((all) => [...all, upload]);
  pump();
}

function pump(): void {
  const sending = uploads.get().filter(({ state }) => state === 'SENDS').length;
  const next = uploads
    .get()
    .filter(({ state }) => state === 'WAITS')
    .slice(0, Math.max(0, atATime - sending));
  for (const { id } of next) send(id).catch(() => {}); // Its failure stands in its upload.
}

const patch = (id: string, change: Partial<Upload>) =>
  uploads.set((all) => all.map((each) => (each.id === id ? { ...each, ...change } : each)));

async function send(id: string): Promise<void> {
  const task = tasks.get(id);
  if (task === undefined) return;
  const { source, options, connection, stop } = task;
  patch(id, { state: 'SENDS', problem: null, hint: null });
  try {
    const onProgress = (sentBytes: number) => patch(id, { sentBytes });
    const { file } = source;
    const uploadId = await sendResumably({ file, token: connection.token, onProgress, signal: stop.signal });
    const input = { ...options, media: { uploadId }, idempotencyKey: id };
    await untilAnswered(() => transcribe(connection, input).catch(throwAway), stop.signal);
    forgetUpload(file);
    forget(id);
  } catch (error) {
    if (stop.signal.aborted) return;
    const told = error instanceof Error ? error.message : String(error);
    patch(id, { state: 'FAILED', problem: told, hint: error instanceof PhonographError ? error.hint : null });
  } finally {
    pump();
  }
}

function forget(id: string): void {
  tasks.delete(id);
  uploads.set((all) => all.filter((each) => each.id !== id));
}

/** Takes an upload back. */
export function dropUpload(id: string): void {
  tasks.get(id)?.stop.abort();
  forget(id);
  pump();
}

export function retryUpload(id: string): void {
  patch(id, { state: 'WAITS' });
  pump();
}

// A browser asks before it leaves a page that is still sending.
window.addEventListener('beforeunload', (event) => {
  if (uploads.get().some(({ state }) => state !== 'FAILED')) event.preventDefault();
});
