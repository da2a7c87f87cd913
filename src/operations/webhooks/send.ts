import { Webhook } from 'standardwebhooks';
import { type Dispatcher, request } from 'undici';
import { type Caller, sees } from '../../config/api-key.ts';
import { PrivateAddressError } from '../../media/address-guard.ts';
import type { JobReader } from '../../store/store.ts';
import type { DeliveryAttempt, OutboxMessage } from '../../store/webhooks.ts';

/** What a message is sent with. */
export interface Sender {
  readonly store: Pick<JobReader, 'job'>;
  /** What is sent through; it connects to no private network. */
  readonly agent: Dispatcher;
  /** How long an answer is waited for. */
  readonly answerMs: number;
  /** Signs callbacks; null where the settings have none. */
  readonly callbackSecret: string | null;
  readonly keys: {
    /** Who the caller of a name is now; null where that is nobody. */
    callerNamed(name: string | null): Caller | null;
  };
  readonly urls: {
    /** The address of a path of this server as it works by itself for a caller; null where the server does not know its own. */
    absolute(path: string, caller: Caller): string | null;
  };
}

/** Of an answer only the status counts; a little is read, so that the connection can be used again. */
const answerBytes = 4096;
const dumpMs = 1000;

/** How an attempt went; whether there is another is for others to say. */
export type Outcome =
  | (DeliveryAttempt & { readonly kind: 'DELIVERED' })
  | { readonly kind: 'FAILED'; readonly status: number | null; readonly problem: string; readonly isFinal: boolean };

/** Sends a message once. Rejects only where the store does, or `stopping` is aborted. */
export async function send(message: OutboxMessage, sender: Sender, stopping: AbortSignal): Promise<Outcome> {
  const secret = message.webhookId === null ? sender.callbackSecret : message.secret;
  if (secret === null) return failed('webhookSecret is not set any more.');
  const caller = sender.keys.callerNamed(message.owner);
  if (caller === null) return failed('Whom it is for has no API key any more.');
  if (message.jobId !== null && !sees(caller, { owner: message.jobOwner }))
    return { ...failed('Whom it is for may not see the job any more.'), isFinal: true };
  const body = JSON.stringify(await contentOf(message, sender, caller));
  const { answerMs } = sender;
  const tooLong = AbortSignal.timeout(answerMs);
  const signal = AbortSignal.any([tooLong, stopping]);
  try {
    return await post(message.url, {
      body,
      signal,
      dispatcher: sender.agent,
      headers: headersOf(message.id, body, secret),
    });
  } catch (error) {
    stopping.throwIfAborted();
    return failed(tooLong.aborted ? `There was no answer within ${answerMs / 1000} s.` : problemOf(error));
  }
}

function failed(problem: string, status: number | null = null): Outcome & { readonly kind: 'FAILED' } {
  return { kind: 'FAILED', status, problem, isFinal: false };
}

/** What is told of the job is as it was at its end; the address of its transcript is made anew, since it works for some hours. */
async function contentOf({ event, time, data, jobId }: OutboxMessage, sender: Sender, caller: Caller) {
  const job = jobId === null ? null : await sender.store.job(jobId);
  const hasTranscript = job !== null && (job.segmentCount > 0 || job.status === 'COMPLETED');
  const transcriptUrl = hasTranscript ? sender.urls.absolute(`/jobs/${job.id}/transcript.txt`, caller) : null;
  return { type: event, timestamp: time, data: { ...data, ...(transcriptUrl === null ? {} : { transcriptUrl }) } };
}

/** Signed at each attempt, since receivers take no old signatures; the id stays, so that they can tell a second one. */
function headersOf(id: string, body: string, secret: string): Readonly<Record<string, string>> {
  const now = new Date();
  return {
    'content-type': 'application/json',
    'user-agent': 'phonograph',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  };
}

/** undici's `request` follows no redirects: they would lead a signed message to somebody else. */
async function post(url: string, options: NonNullable<Parameters<typeof request>[1]>): Promise<Outcome> {
  const answer = await request(url, { method: 'POST', ...options });
  // What comes after the status, or does not come, changes nothing.
  await answer.body.dump({ limit: answerBytes, signal: AbortSignal.timeout(dumpMs) }).catch(() => undefined);
  const status = answer.statusCode;
  if (status >= 200 && status < 300) return { kind: 'DELIVERED', status };
  const isRedirect = status >= 300 && status < 400;
  return failed(`The receiver answered with ${status}${isRedirect ? ', and redirects are not followed' : ''}.`, status);
}

/** In words that hold nothing of the address but its host. */
function problemOf(error: unknown): string {
  if (error instanceof PrivateAddressError)
    return `${error.hostname} is within a private network. Where that is meant, its network belongs into urlAllowedCidrs of config.json.`;
  return `The receiver cannot be reached, or broke off (${codeOf(error)}).`;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
