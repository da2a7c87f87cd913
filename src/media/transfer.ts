import { Readable } from 'node:stream';
import type { ReadableStreamDefaultReader } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import type { Response } from 'undici';
import { PrivateAddressError } from './address-guard.ts';

/** The other side, or the way to it, does not do as it should. `message` is for a person, and holds nothing of an address but a host. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  /** Whether asking again may help. */
  readonly passes: boolean;
  /** How long the other side wants us to wait before. */
  readonly waitMs: number;
  constructor(
    message: string,
    { passes = false, waitMs = 0, cause }: { passes?: boolean; waitMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.passes = passes;
    this.waitMs = waitMs;
  }
}

/** Ends a request on which nothing is heard for too long, or that nobody wants any more, and with its disposal what is left of it. */
export interface IdleTimeout extends Disposable {
  /** For the request. */
  readonly signal: AbortSignal;
  readonly reset: () => void;
  /** What the request comes to; where it breaks, throws TransferError, or the reason of the one who wants it no more. */
  explain<T>(answer: Promise<T>): Promise<T>;
}

/** Listens from now on. `wanted` ends the request too; `who` is asked, for a person, at the beginning of a sentence; `advice` says what to do where nobody is there. */
export function startIdleTimeout(
  wanted: AbortSignal,
  { who, limitMs, advice }: { readonly who: string; readonly limitMs: number; readonly advice?: string },
): IdleTimeout {
  const [tooLong, done] = [new AbortController(), new AbortController()];
  const timer = setTimeout(() => tooLong.abort(), limitMs).unref();
  return {
    signal: AbortSignal.any([wanted, tooLong.signal, done.signal]),
    reset: () => {
      timer.refresh();
    },
    async explain(answer) {
      try {
        return await answer;
      } catch (cause) {
        wanted.throwIfAborted();
        if (tooLong.signal.aborted) throw new TransferError(`${who} fell silent.`, { passes: true });
        if (isPrivateAddress(cause)) {
          const { hostname } = cause.cause;
          throw new TransferError(
            `${who} leads to ${hostname}, which is within a private network. Where that is meant, add its network to urlAllowedCidrs in config.json.`,
          );
        }
        const problem = `${who} cannot be reached (${codeOf(cause)}).`;
        throw new TransferError(advice === undefined ? problem : `${problem} ${advice}`, { passes: true, cause });
      }
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      done.abort();
    },
  };
}

function isPrivateAddress(error: unknown): error is Error & { readonly cause: PrivateAddressError } {
  return error instanceof Error && error.cause instanceof PrivateAddressError;
}

/** `fetch` hides what happened in the cause. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.message : codeOf(error.cause);
}

/** Failures in a row after which it is given up. */
const maxFailures = 5;
/** What the other side may ask for at most: the limits of the Hugging Face hub are counted over five minutes. */
const longestWaitMs = 300_000;

/** How something is tried. */
interface RetryOptions {
  readonly signal: AbortSignal;
  /** Pause after the first failure; doubled after each further one. */
  readonly pauseMs: number;
  /** Called at each failure after which there is another try. */
  readonly onTrouble: (error: TransferError) => void;
  /** How far the act has come; where that has grown since the last failure, failures are counted from one again. */
  readonly reached?: () => number;
}

/** Does it until it is done: what passes is tried again after a pause. Throws the fifth failure in a row, and at once what does not pass. */
export async function retryTransfer<T>(act: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, pauseMs, onTrouble, reached = () => 0 } = options;
  let failures = 0;
  let before = reached();
  return pRetry(act, {
    signal,
    retries: Number.POSITIVE_INFINITY,
    minTimeout: pauseMs,
    maxTimeout: pauseMs * 2 ** (maxFailures - 2),
    async onFailedAttempt({ error }) {
      if (!(error instanceof TransferError) || !error.passes) throw error;
      failures = reached() > before ? 1 : failures + 1;
      before = reached();
      if (failures === maxFailures) throw error;
      onTrouble(error);
      if (error.waitMs > 0) await sleep(Math.min(error.waitMs, longestWaitMs), undefined, { signal });
    },
  });
}

/**
 * The bytes of an answer as they come; throws TransferError where they stop coming. They are read ahead from now on: a line that breaks takes along what has
 * come and nobody has asked for.
 */
export function bytesOf({ body }: Response, idle: IdleTimeout): AsyncIterable<Uint8Array> {
  const reader = body?.getReader();
  return reader === undefined ? Readable.from([]) : chunksOf(reader, next(reader), idle);
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Chunk = ReturnType<Reader['read']>;

async function* chunksOf(reader: Reader, first: Chunk, idle: IdleTimeout): AsyncGenerator<Uint8Array> {
  try {
    for (let coming = first; ;) {
      const { done, value } = await idle.explain(coming);
      if (done) return;
      idle.reset();
      coming = next(reader);
      yield value;
    }
  } finally {
    // What is not wanted any more need not come; a stream that broke has said so already.
    await reader.cancel().catch(() => undefined);
  }
}

function next(reader: Reader): Chunk {
  const chunk = reader.read();
  // Whoever asks for it is told.
  chunk.catch(() => undefined);
  return chunk;
}

/** Whether what an answer of this status says may be over in a moment. */
export function mayPass(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** How long the other side wants us to wait: seconds, or a date. */
export function waitOf(headers: Response['headers']): number {
  const text = headers.get('retry-after');
  if (text === null) return 0;
  const ms = /^\d+$/u.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
