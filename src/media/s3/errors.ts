import { RequestError } from '../../errors.ts';

/** How the SDK tells that there is no such thing: the answer to a HEAD has no body with a name in it. */
const absent = new Set(['NotFound', 'NoSuchKey', 'NoSuchUpload']);

/** Whether there is no such object, or upload. */
export function isNotThere(error: unknown): boolean {
  return error instanceof Error && absent.has(error.name);
}

/** Whether asking again may help: what is wrong with a request stays so. */
export function mayPass(error: unknown): boolean {
  if (error instanceof RequestError) return false;
  const status = statusOf(error);
  return status === null || status === 408 || status === 429 || status < 400 || status >= 500;
}

function statusOf(error: unknown): number | null {
  if (!(error instanceof Error && '$metadata' in error)) return null;
  const { $metadata: metadata } = error;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return null;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : null;
}

/** What a client is told while S3 does not answer, or refuses us. Why is in the cause, which the log tells. */
export function unavailable(cause: unknown): RequestError {
  if (cause instanceof RequestError) return cause;
  const error = new RequestError(
    'SERVICE_UNAVAILABLE',
    'The store of the recordings does not answer.',
    'Try again in a minute. (Whoever runs the server finds the reason in its log.)',
  );
  error.cause = cause;
  return error;
}
