import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from '#resolvers/context.ts';
import type { Caller } from '../config/api-key.ts';
import type { Log } from '../logs/log.ts';
import type { Upload } from '../media/upload.ts';
import { answerEarly, whenLeft } from './answer.ts';
import { type Body, readBody } from './body.ts';
import type { FanOut } from './fan-out/fan-out.ts';
import type { FileRequest } from './file-response.ts';
import { answerShared, subscribe } from './graphql-sse.ts';
import { BodyError } from './multipart.ts';
import type { PersistedQueries } from './persisted-queries.ts';
import { holderOf, type Quotas, tooManyUploads } from './quotas/quotas.ts';
import { contentType, refuseBody, refuseWith } from './request-checks.ts';
import { maskErrors, type Yoga } from './yoga.ts';

/** A request with an operation, and what it is answered with. */
export interface GraphqlRequest extends FileRequest {
  readonly yoga: Yoga;
  readonly caller: Caller;
  readonly quotas: Quotas;
  readonly share: FanOut;
  readonly persisted: PersistedQueries;
}

/** Answers an operation: reads its body within bounds, with the recordings in it, and hands it to Yoga. */
export async function answerGraphql(asked: GraphqlRequest): Promise<void> {
  const { request, response, context, yoga, caller, quotas, traceparent } = asked;
  const refusal = refuseBody(request);
  if (refusal !== null) return refuseWith(request, response, refusal);
  if (contentType(request.headers) === 'multipart/form-data') {
    const giveBack = quotas.uploads.take(holderOf(caller));
    if (giveBack === null) return refuseUpload(request, response);
    response.once('close', giveBack);
  }
  // Before anything is awaited: who leaves meanwhile has left.
  const signal = whenLeft(response);
  const body = request.method === 'POST' ? await readOrAnswer(request, response, context) : { bytes: Buffer.alloc(0) };
  if (body === null) return;
  if ('operation' in body) {
    // What a job has kept stays. Yoga may wait for ever for a client that has left.
    const discard = () => discardAll(body.uploads, context.log);
    if (signal.aborted) return discard();
    response.once('close', discard);
    await yoga(request, response, { caller, signal, traceparent, operation: body.operation });
  } else {
    const membership = await subscribe({ ...asked, signal, log: context.log }, body.bytes);
    // Returned, not awaited: what the operation was read from is not kept for as long as its events are followed.
    if (membership !== null) return answerShared(response, membership, maskErrors(context.log));
    // Yoga takes a body that was read before it from here, as Express leaves it.
    await yoga(Object.assign(request, { body: body.bytes }), response, { caller, signal, traceparent });
  }
}

function refuseUpload(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('retry-after', '5');
  answerEarly(request, response, { status: 429, code: 'TOO_MANY_REQUESTS', message: tooManyUploads });
}

/** Removes what no job has taken. A file that stays, such as on a disk that has become read-only, goes at the next start. */
function discardAll(uploads: readonly Upload[], log: Log): void {
  for (const upload of uploads) {
    upload.discard().catch((err: unknown) => log.warn({ err }, 'upload not discarded'));
  }
}

async function readOrAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  context: Context,
): Promise<Body | null> {
  try {
    return await readBody(request, context.media);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    // Whoever sent no more was answered already.
    if (!response.headersSent) answerEarly(request, response, error);
    return null;
  }
}
