import { Readable } from 'node:stream';
import type { RequestContext } from '#resolvers/context.ts';
import { followJob } from '#resolvers/job-events.ts';
import { transcribe } from '#resolvers/transcribe.ts';
import { allows, requireCaller } from '#schema/scopes.ts';
import type { Caller } from '../../config/api-key.ts';
import { RequestError } from '../../errors.ts';
import type { Job, JobEvent, Task } from '../../jobs/job.ts';
import type { Upload } from '../../media/upload.ts';
import { removeJob } from '../../operations/retention.ts';
import { openJoining } from '../../transcripts/render/line.ts';
import { openaiShape, whenLeft } from '../answer.ts';
import { type FileRequest, streamBody } from '../file-response.ts';
import { readParts } from '../multipart.ts';
import { holderOf, type Quotas, tooManySubscriptions, tooManyUploads } from '../quotas/quotas.ts';
import { contentType } from '../request-checks.ts';
import { streamResults } from '../stream-results.ts';
import { requestContext } from '../yoga.ts';
import { answerOf, textOf, textsOf, usageOf } from './answers.ts';
import { jobFailed, OpenaiError, refusalOf, wrongField } from './errors.ts';
import { type Fields, inputOf, readFields } from './fields.ts';

/** A call of OpenAI's API, and who asks. */
export interface OpenaiRequest extends FileRequest {
  readonly caller: Caller;
  readonly quotas: Quotas;
  /** Aborts when the server is stopped. */
  readonly stopping: AbortSignal;
}

/** A call whose job was accepted, and the ends of the waiting for it. */
interface Call {
  readonly id: string;
  readonly context: RequestContext;
  /** Aborts when the client has left. */
  readonly left: AbortSignal;
  /** Aborts when the server is stopped: the job goes on when it is back. */
  readonly stopping: AbortSignal;
}

/**
 * Answers a recording with its transcript: an ordinary job, which is waited for. It is cancelled when the client leaves, and not when the server stops.
 *
 * Throws what `refusalOf` knows.
 */
export async function answerSpeech(asked: OpenaiRequest, task: Task): Promise<void> {
  const { response, caller, quotas, stopping } = asked;
  if (!allows('write', caller.role)) {
    throw new RequestError('FORBIDDEN', `An API key of the role ${caller.role} submits no recordings.`);
  }
  const left = whenLeft(response);
  const giveBack = quotas.subscriptions.take(holderOf(caller));
  if (giveBack === null) throw new RequestError('TOO_MANY_REQUESTS', tooManySubscriptions);
  response.once('close', giveBack);
  const context = { ...requestContext(asked.context, caller, left), traceparent: asked.traceparent };
  const { fields, upload } = await receive(asked);
  const { job } = await submit(upload, () => {
    left.throwIfAborted();
    requireCaller(context);
    return transcribe(inputOf(fields, task, upload), context);
  });
  // What the SDKs give their users to ask with.
  response.setHeader('x-request-id', job.id);
  const call = { id: job.id, context, left, stopping };
  try {
    await (fields.stream ? answerStream(asked, call) : answerWhole(asked, call, fields));
  } finally {
    await settle(call).catch((err: unknown) => context.log.error({ err, job: job.id }, 'job of a call not settled'));
  }
}

/** More than OpenAI's API has, and a prompt of any script that is as long as it may be. */
const bounds = { fields: 100, fieldBytes: 16_384, files: 1 };

async function receive({ request, context, caller, quotas }: OpenaiRequest) {
  if (contentType(request.headers) !== 'multipart/form-data') {
    throw new OpenaiError({
      status: 415,
      code: 'BAD_USER_INPUT',
      message: 'Send the recording as multipart/form-data.',
    });
  }
  const giveBack = quotas.uploads.take(holderOf(caller));
  if (giveBack === null) throw new RequestError('TOO_MANY_REQUESTS', tooManyUploads);
  try {
    const parts = await readParts(request, context.media, bounds);
    const [[name, upload] = ['']] = parts.files;
    if (upload === undefined) throw wrongField('file', 'file must be a recording, with a file name.');
    return await submit(upload, () => {
      if (name !== 'file') throw wrongField('file', `The recording must be called file, not ${name}.`);
      return { fields: readFields(parts.fields), upload };
    });
  } finally {
    giveBack();
  }
}

/** Acts with an upload; where that throws, it is not kept. */
async function submit<T>(upload: Upload, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    await upload.discard();
    throw error;
  }
}

async function answerWhole({ response }: OpenaiRequest, call: Call, fields: Fields): Promise<void> {
  await exhaust(follow(call, [call.left, call.stopping]));
  const { type, pieces } = answerOf(await completed(call), fields, call.context);
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
  await streamBody(Readable.from(pieces), response);
}

async function answerStream({ response }: OpenaiRequest, call: Call): Promise<void> {
  const events = tell(call);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  await streamResults(response, events, (event) => `data: ${JSON.stringify(event)}\n\n`);
  response.end('data: [DONE]\n\n');
}

/** The words as they come, then all of them; or what went wrong. */
async function* tell(call: Call): AsyncGenerator<object, void, void> {
  try {
    const joined = openJoining();
    for await (const text of textsOf(follow(call, [call.left, call.stopping]))) {
      const delta = joined(text);
      if (delta !== '') yield { type: 'transcript.text.delta', delta };
    }
    const job = await completed(call);
    const text = (await Array.fromAsync(textOf(job, call.context))).join('');
    yield { type: 'transcript.text.done', text, usage: usageOf(job) };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    yield openaiShape(refusal.status, refusal);
  }
}

/** The events of the job after one of them, until its end or until one of the signals. */
async function* follow(
  { id, context }: Call,
  ends: readonly AbortSignal[],
  after = 0,
): AsyncGenerator<JobEvent, void, undefined> {
  await using events = await followJob({ id, after }, context);
  const stop = () => {
    events.return().catch(() => undefined);
  };
  for (const end of ends) end.addEventListener('abort', stop);
  try {
    if (!ends.some(({ aborted }) => aborted)) yield* events;
  } finally {
    for (const end of ends) end.removeEventListener('abort', stop);
  }
}

/** Waits until there are no more. */
async function exhaust(events: AsyncGenerator): Promise<void> {
  while ((await events.next()).done !== true);
}

/** The job, which has ended. Throws where it has no transcript. */
async function completed({ id, context, left, stopping }: Call): Promise<Job> {
  if (stopping.aborted) {
    const message = `The server stops. The job ${id} goes on when it is back; its transcript is then at /jobs/${id}/transcript.txt.`;
    throw new OpenaiError({ status: 503, code: 'SERVICE_UNAVAILABLE', message, retryable: false });
  }
  left.throwIfAborted();
  const job = await context.store.job(id);
  if (job === null) throw new RequestError('NOT_FOUND', 'The job was deleted while it was waited for.');
  if (job.failure !== null) throw jobFailed(job.failure);
  if (job.status === 'COMPLETED') return job;
  throw new OpenaiError({ status: 409, code: 'JOB_CANCELLED', message: 'The job was cancelled.', retryable: false });
}

/** Cancels a job that nobody waits for any more, and deletes what is not to be kept. */
async function settle(call: Call): Promise<void> {
  const { id, context, left, stopping } = call;
  if (stopping.aborted) return;
  if (left.aborted) await context.store.cancel(id);
  const job = await context.changes.job(id);
  if (job === null || context.config.server.openaiRetention === 'keep') return;
  await exhaust(follow(call, [stopping], job.lastEventSeq));
  if (!stopping.aborted) await removeJob(id, context);
}
