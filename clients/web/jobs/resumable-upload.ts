import { refusalIn } from '../../js/client.ts';
import { base } from '../connection.ts';

/** A file on its way to the server by tus 1.0 (tus.io/protocols/resumable-upload). */
interface Resumable {
  readonly file: File;
  readonly token: string | undefined;
  readonly onProgress: (sentBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Sends a file, however often the line is lost, and answers the id of the upload. One that was begun before the page was closed goes on where it was. */
export async function sendResumably(sending: Resumable): Promise<string> {
  const { file, onProgress, signal } = sending;
  const kept = localStorage.getItem(keyOf(file));
  let place = kept === null ? null : { id: kept, offset: await untilAnswered(() => offsetOf(kept, sending), signal) };
  if (place === null || place.offset === null) {
    const id = await untilAnswered(() => begin(sending), signal);
    localStorage.setItem(keyOf(file), id);
    place = { id, offset: 0 };
  }
  const { id } = place;
  for (let offset = place.offset ?? 0; offset < file.size;) {
    onProgress(offset);
    const reached = await untilAnswered(() => sendFrom(id, offset, sending), signal);
    if (reached === null) {
      localStorage.removeItem(keyOf(file));
      return sendResumably(sending);
    }
    offset = reached;
  }
  onProgress(file.size);
  return id;
}

/** To be called when the upload is used: the same file is sent anew the next time. */
export function forgetUpload(file: File): void {
  localStorage.removeItem(keyOf(file));
}

const keyOf = ({ name, size, lastModified }: File) => `phonograph.upload ${name} ${size} ${lastModified}`;

/** The server is away, or busy: what is worth another try. */
export class Unanswered extends Error {}

const [firstWaitMs, longestWaitMs] = [500, 10_000];

/** What is asked, once it is answered. */
export async function untilAnswered<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, 2 * waitMs)) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, waitMs);
      signal.addEventListener('abort', resolve, { once: true });
    });
  }
}

async function begin({ file, token, signal }: Resumable): Promise<string> {
  const name = btoa(String.fromCodePoint(...new TextEncoder().encode(file.name)));
  const headers = { ...headersOf(token), 'upload-length': String(file.size), 'upload-metadata': `filename ${name}` };
  const response = await request('', { method: 'POST', headers, signal });
  const id = response.headers.get('location')?.split('/').at(-1);
  if (!response.ok || id === undefined) throw told(await response.text());
  return id;
}

/** How much of it the server has; null where it does not know the upload any more. */
async function offsetOf(id: string, { token, signal }: Pick<Resumable, 'token' | 'signal'>): Promise<number | null> {
  const response = await request(`/${id}`, { method: 'HEAD', headers: headersOf(token), signal });
  // Gone (404, 410), or of another caller: then another one is begun.
  return response.ok ? Number(response.headers.get('upload-offset')) : null;
}

/** Sends the rest; how much the server has then. Where the line is lost it asks, and the next call goes on from there. */
async function sendFrom(id: string, offset: number, sending: Resumable): Promise<number | null> {
  try {
    return await patch(id, offset, sending);
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    const reached = await offsetOf(id, sending);
    // No step further: it waits before it tries again.
    if (reached === offset) throw error;
    return reached;
  }
}

/** By XMLHttpRequest, since fetch does not tell how much it has sent. */
function patch(id: string, offset: number, { file, token, onProgress, signal }: Resumable): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const sent = new XMLHttpRequest();
    sent.open('PATCH', `${base}uploads/${id}`);
    const headers = {
      ...headersOf(token),
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    };
    for (const [name, value] of Object.entries(headers)) sent.setRequestHeader(name, value);
    sent.upload.addEventListener('progress', ({ loaded }) => onProgress(offset + loaded));
    const stop = () => sent.abort();
    signal.addEventListener('abort', stop);
    sent.addEventListener('loadend', () => signal.removeEventListener('abort', stop));
    sent.addEventListener('abort', () => reject(signal.reason));
    sent.addEventListener('error', () => reject(new Unanswered()));
    sent.addEventListener('load', () => {
      if (sent.status === 204) resolve(Number(sent.getResponseHeader('upload-offset')));
      else if (sent.status === 404 || sent.status === 410) resolve(null);
      else reject(isPassing(sent.status) ? new Unanswered() : told(sent.responseText));
    });
    sent.send(file.slice(offset));
  });
}

async function request(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(`${base}uploads${path}`, init).catch(() => {
    init.signal?.throwIfAborted();
    throw new Unanswered();
  });
  if (isPassing(response.status)) throw new Unanswered();
  return response;
}

/** Answers of a server, or of a proxy before it, that another try may change. */
const isPassing = (status: number) => [408, 409, 423, 429].includes(status) || status >= 500;

const headersOf = (token: string | undefined) => ({
  'tus-resumable': '1.0.0',
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
});

const told = (body: string): Error => refusalIn(body) ?? new Error(body);
