import { parse as parseDisposition } from 'content-disposition';
import { type Dispatcher, fetch, type Response } from 'undici';
import { MediaRejectedError } from '../errors.ts';
import { isRefusedHost } from './address-guard.ts';
import type { Arrival } from './arrival.ts';
import type { DiskSpace } from './disk.ts';
import { cleanName } from './file-name.ts';
import { isWeb } from './media-url.ts';
import {
  bytesOf,
  type IdleTimeout,
  mayPass,
  retryTransfer,
  startIdleTimeout,
  TransferError,
  waitOf,
} from './transfer.ts';

/** How recordings are fetched. */
export interface Fetching {
  /** What is asked through; it connects to no private network. */
  readonly agent: Dispatcher;
  /** Networks of the settings that an address may be of all the same. */
  readonly allowedCidrs: readonly string[];
  readonly maxBytes: number;
  readonly space: Pick<DiskSpace, 'requireFreeSpace' | 'requireFreeSpaceFor'>;
  /** Where it arrives, for the room on that disk. */
  readonly folder: string;
  /** How long the other side may say nothing. */
  readonly silenceMs: number;
  /** Before it is asked again for the first time; doubled at each further one. */
  readonly pauseMs: number;
}

/** A recording to be fetched, and who waits for it. */
export interface Wanted {
  readonly url: string;
  /** By what the bytes that are there already are told from those of another version; null where nothing can tell. */
  readonly validator: string | null;
  readonly signal: AbortSignal;
  /** Hears of each version that is begun with, before its first byte is kept. */
  readonly onBegin: (found: Found) => Promise<void>;
  /** Hears how much is there, of how much where the other side has told. */
  readonly onBytes: (bytes: number, total: number | null) => Promise<void>;
  /** Hears why it is asked again. */
  readonly onTrouble: (error: TransferError) => void;
}

/** What the other side says of a recording. */
export interface Found {
  readonly validator: string | null;
  /** What it is called; null where only the URL tells. */
  readonly name: string | null;
}

const who = 'The server of the recording';

/**
 * Fetches a recording, going on with what has arrived where it is still the same one there. A line that breaks is taken up again. Neither type nor name decide
 * anything: what the bytes are is for the engine to tell.
 *
 * Throws TransferError, MediaRejectedError (TOO_LARGE, EMPTY), StorageFullError, or the reason of a signal that is aborted; what has arrived stays.
 */
export async function fetchRecording(wanted: Wanted, arrival: Arrival, fetching: Fetching): Promise<void> {
  if (arrival.isWhole) return;
  let { validator } = wanted;
  // Whoever begins anew again and again gets no further, however far the last try came.
  let most = arrival.bytes;
  const watched: Wanted = {
    ...wanted,
    async onBegin(found) {
      ({ validator } = found);
      await wanted.onBegin(found);
    },
    async onBytes(bytes, total) {
      most = Math.max(most, bytes);
      await wanted.onBytes(bytes, total);
    },
  };
  await retryTransfer(() => fetchRest({ ...watched, validator }, arrival, fetching), {
    signal: wanted.signal,
    pauseMs: fetching.pauseMs,
    onTrouble: wanted.onTrouble,
    reached: () => most,
  });
}

/** Bytes between two checks of the free space. */
const checkEveryBytes = 16 * 1_048_576;

/** Asks for what is missing, once, and appends it. */
async function fetchRest(wanted: Wanted, arrival: Arrival, fetching: Fetching): Promise<void> {
  using idle = startIdleTimeout(wanted.signal, { who, limitMs: fetching.silenceMs });
  const have = wanted.validator === null ? 0 : arrival.bytes;
  const range = have > 0 ? { range: `bytes=${have}-`, 'if-range': wanted.validator ?? '' } : {};
  const response = await ask(wanted.url, range, { ...fetching, idle });
  const bytes = bytesOf(response, idle);
  const from = startOf(response, have, wanted.validator);
  if (from === 'WHOLE') return;
  if (from === 'OTHER') {
    await arrival.restart();
    throw new TransferError(`${who} sent another part than the one asked for.`, { passes: true });
  }
  if (from === 0) {
    await arrival.restart();
    await wanted.onBegin({ validator: validatorOf(response), name: givenName(response) });
  }
  await receive(bytes, { ...fetching, total: totalOf(response, from), arrival, wanted });
}

/** What comes, and where it goes. */
interface Receipt extends Pick<Fetching, 'maxBytes' | 'space' | 'folder'> {
  /** Bytes of the whole recording, where that was told. */
  readonly total: number | null;
  readonly arrival: Arrival;
  readonly wanted: Pick<Wanted, 'onBytes'>;
}

async function receive(bytes: AsyncIterable<Uint8Array>, receipt: Receipt): Promise<void> {
  const { total, arrival, maxBytes, space, folder, wanted } = receipt;
  const requireRoom = async (): Promise<void> => {
    await space.requireFreeSpace();
    await space.requireFreeSpaceFor(Math.max(0, (total ?? 0) - arrival.bytes), folder);
  };
  if (total !== null && total > maxBytes) throw tooLarge(maxBytes);
  await requireRoom();
  let checkAt = arrival.bytes + checkEveryBytes;
  await wanted.onBytes(arrival.bytes, total);
  for await (const chunk of bytes) {
    if (arrival.bytes + chunk.length > maxBytes) throw tooLarge(maxBytes);
    if (arrival.bytes > checkAt) {
      await requireRoom();
      checkAt = arrival.bytes + checkEveryBytes;
    }
    await arrival.append(chunk);
    await wanted.onBytes(arrival.bytes, total);
  }
  if (total !== null && arrival.bytes < total)
    throw new TransferError(`${who} ended early: ${arrival.bytes} of ${total} bytes came.`, { passes: true });
  if (arrival.bytes === 0) throw new MediaRejectedError('EMPTY', `${who} sent no bytes.`);
}

function tooLarge(maxBytes: number): MediaRejectedError {
  return new MediaRejectedError('TOO_LARGE', `The recording is larger than ${maxBytes} bytes.`);
}

/** Where an answer begins in the recording; WHOLE where nothing is missing, OTHER where it has nothing to do with the question. */
function startOf({ status, headers }: Response, have: number, validator: string | null): number | 'WHOLE' | 'OTHER' {
  const range = headers.get('content-range') ?? '';
  if (status === 416) return have > 0 && range === `bytes */${have}` ? 'WHOLE' : 'OTHER';
  if (status !== 206) return 0;
  const isSame = (headers.get('etag') ?? validator) === validator;
  return have > 0 && isSame && range.startsWith(`bytes ${have}-`) ? have : 'OTHER';
}

/** Bytes of the whole recording; null where that is not told, or told of something that is unpacked on its way. A part may be shorter than what was asked for. */
function totalOf({ headers }: Response, from: number): number | null {
  const whole = /\/(?<bytes>\d+)$/u.exec(headers.get('content-range') ?? '')?.groups?.['bytes'];
  const total = from > 0 && whole !== undefined ? Number(whole) : from + lengthOf(headers);
  return isEncoded(headers) || !Number.isSafeInteger(total) || total < from ? null : total;
}

function lengthOf(headers: Response['headers']): number {
  return Number(headers.get('content-length') ?? Number.NaN);
}

/** An ETag by which bytes can be told (RFC 9110, 8.8.1). Of what was packed on its way a part cannot be asked for. */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get('etag') ?? '';
  return etag.startsWith('"') && etag.length <= longestTag && !isEncoded(headers) ? etag : null;
}

/** Those of servers have up to a hundred characters. */
const longestTag = 1000;

function isEncoded(headers: Response['headers']): boolean {
  return !/^(?:identity)?$/iu.test(headers.get('content-encoding')?.trim() ?? '');
}

function givenName({ headers }: Response): string | null {
  const header = headers.get('content-disposition');
  if (header === null) return null;
  try {
    const { filename } = parseDisposition(header).parameters;
    return filename === undefined || filename === '' ? null : cleanName(filename);
  } catch {
    return null; // It is not what it should be; the URL has a name too.
  }
}

/** What is asked with, at each hop. */
interface Asking extends Pick<Fetching, 'agent' | 'allowedCidrs'> {
  readonly idle: IdleTimeout;
}

const maxRedirects = 5;

/** Asks, and follows where it is sent. Answers 2xx and 416; throws TransferError for everything else. */
async function ask(address: string, range: Readonly<Record<string, string>>, asking: Asking): Promise<Response> {
  const { agent, allowedCidrs, idle } = asking;
  let [url, authorization] = withoutUser(new URL(address));
  for (let redirects = 0; ; redirects += 1) {
    if (isRefusedHost(url, allowedCidrs))
      throw new TransferError(`${who} leads to ${url.hostname}, an address of a private network.`);
    const answer = fetch(url, {
      signal: idle.signal,
      dispatcher: agent,
      redirect: 'manual',
      // Parts of a file that was packed on its way would be other bytes.
      headers: { 'user-agent': 'phonograph', 'accept-encoding': 'identity', ...authorization, ...range },
    });
    const response = await idle.explain(answer);
    idle.reset();
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    const location = redirectOf(response);
    if (location === null) throw refusalOf(response);
    if (redirects === maxRedirects) throw new TransferError(`${who} redirects more than ${maxRedirects} times.`);
    const next = URL.parse(location, url);
    if (next === null || !isWeb(next)) throw new TransferError(`${who} redirects to what is no http or https address.`);
    const [goal, own] = withoutUser(next);
    // As fetch does: a password is for the origin that it was given for.
    authorization = own.authorization !== undefined || goal.origin !== url.origin ? own : authorization;
    url = goal;
  }
}

/** User and password go into a header: fetch takes no URL with them. */
function withoutUser(address: URL): [URL, { readonly authorization?: string }] {
  const { username, password } = address;
  const url = new URL(address);
  [url.username, url.password, url.hash] = ['', '', ''];
  if (username === '' && password === '') return [url, {}];
  const pair = `${unescaped(username)}:${unescaped(password)}`;
  return [url, { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // It is not UTF-8.
  }
}

function redirectOf({ status, headers }: Response): string | null {
  return [301, 302, 303, 307, 308].includes(status) ? headers.get('location') : null;
}

function refusalOf({ status, headers }: Response): TransferError {
  return new TransferError(`${who} answered with ${status}.`, { passes: mayPass(status), waitMs: waitOf(headers) });
}
