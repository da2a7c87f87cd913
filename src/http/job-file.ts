import type { ServerResponse } from 'node:http';
import { findJob } from '#resolvers/jobs.ts';
import { RequestError } from '../errors.ts';
import { unsigned } from '../auth/signed-urls.ts';
import type { Caller } from '../config/api-key.ts';
import { answerError, statusOf, whenLeft } from './answer.ts';
import { answerEvents } from './event-stream.ts';
import type { FanOut } from './fan-out/fan-out.ts';
import type { FileRequest } from './file-response.ts';
import { answerRecording } from './recording-file.ts';
import { holderOf, type Quotas, tooManySubscriptions } from './quotas/quotas.ts';
import { preflightSeconds } from './request-checks.ts';
import { answerTranscript } from './transcript-file.ts';
import { requestContext } from './yoga.ts';

const jobFile = /^\/jobs\/(?<id>[^/]+)\/(?:(?<kind>media|events)|transcript\.(?<suffix>\w+))$/u;

/** A request for what belongs to a job, and who asks. */
interface JobFileRequest extends FileRequest {
  readonly caller: Caller;
  readonly quotas: Quotas;
  readonly fanOut: FanOut;
}

/** Answers GET and HEAD of /jobs/ID/transcript.FORMAT, /jobs/ID/media and /jobs/ID/events. */
export async function answerJobFile(asked: JobFileRequest): Promise<void> {
  const { request, response } = asked;
  // Another site's page, which could put it into an element without asking, has no business with a recording.
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('access-control-expose-headers', 'content-disposition, content-range, etag');
  if (request.method === 'OPTIONS') return answerPreflight(response);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return answerError(response, 405, { code: 'BAD_USER_INPUT', message: 'Files of jobs are for GET and HEAD.' });
  }
  try {
    await answerFile(asked);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (response.headersSent) response.destroy();
    else answerError(response, statusOf(error), error);
  }
}

/** Says to a browser what a page may ask for; whether its origin is allowed stands in the answer already. */
function answerPreflight(response: ServerResponse): void {
  response.setHeader('access-control-allow-methods', 'GET, HEAD');
  response.setHeader('access-control-allow-headers', 'authorization, if-none-match, last-event-id, range');
  response.setHeader('access-control-max-age', String(preflightSeconds));
  response.writeHead(204).end();
}

async function answerFile(asked: JobFileRequest): Promise<void> {
  const [path = '', ...rest] = unsigned(asked.request.url ?? '').split('?');
  const query = rest.join('?');
  const { id, kind, suffix } = jobFile.exec(path)?.groups ?? {};
  if (id === undefined) {
    throw new RequestError(
      'NOT_FOUND',
      'A job has transcript.txt, .srt, .vtt, .tsv, .json, .ass, .lrc, .csv, .html, media, and events.',
    );
  }
  const job = await findJob(id, asked.context);
  if (kind === 'media') return answerRecording(asked, job);
  if (kind === undefined) return answerTranscript(asked, job, { suffix, query });
  const { response, context, caller, quotas } = asked;
  const giveBack = quotas.subscriptions.take(holderOf(caller));
  if (giveBack === null) throw new RequestError('TOO_MANY_REQUESTS', tooManySubscriptions);
  response.once('close', giveBack).once('close', context.metrics.subscribed('jobEvents'));
  const own = requestContext(context, caller, whenLeft(response));
  return answerEvents({ ...asked, context: own }, job, query);
}
