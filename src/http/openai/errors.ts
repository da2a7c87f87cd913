import {
  type ExpectedError,
  InvalidInputError,
  MediaRejectedError,
  ModelNotInstalledError,
  QueueFullError,
  RequestError,
  StorageFullError,
} from '../../errors.ts';
import type { JobFailure } from '../../jobs/job.ts';
import { BodyError } from '../multipart.ts';
import { statusOf, type Told } from '../answer.ts';

/** Why a call is not answered with a transcript. */
export interface OpenaiRefusal extends Told {
  readonly status: number;
  /** Whether it may be otherwise the next time, which the SDKs ask for by themselves; where absent, they tell by the status. */
  readonly retryable?: boolean;
}

/** A refusal that this API alone has. */
export class OpenaiError extends Error {
  override readonly name = 'OpenaiError';
  readonly refusal: OpenaiRefusal;
  constructor(refusal: OpenaiRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** What is wrong with a field. */
export function wrongField(param: string, message: string): OpenaiError {
  return new OpenaiError({ status: 400, code: 'BAD_USER_INPUT', message, param });
}

/** Why a job has no transcript. */
export function jobFailed({ code, message, hint, retryable }: JobFailure): OpenaiError {
  return new OpenaiError({ status: code.startsWith('MEDIA_') ? 400 : 500, code, message, hint, retryable });
}

/** What our inputs are called in this API. */
const params: Readonly<Record<string, string>> = {
  'input.language': 'language',
  'input.initialPrompt': 'prompt',
  'input.hotwords': 'keywords',
  'input.model': 'model',
  'input.task': 'model',
  'input.media': 'file',
};

/** What a client is told of an error; null where that is nothing but that the server failed. */
export function refusalOf(error: unknown): OpenaiRefusal | null {
  if (error instanceof OpenaiError) return error.refusal;
  if (error instanceof BodyError) return { status: error.status, code: error.code, message: error.message };
  if (error instanceof RequestError) return told(error, statusOf(error));
  if (error instanceof InvalidInputError) {
    const param = params[error.field] ?? error.field;
    return { ...told(error, 400), message: error.message.replaceAll(error.field, param), param };
  }
  if (error instanceof MediaRejectedError) {
    return { ...told(error, error.reason === 'TOO_LARGE' ? 413 : 400), param: 'file' };
  }
  if (error instanceof ModelNotInstalledError) {
    return { ...told(error, 404), hint: 'GET /v1/models tells which there are.', param: 'model' };
  }
  if (error instanceof QueueFullError) return told(error, 429);
  if (error instanceof StorageFullError) return told(error, 503);
  return null;
}

/** By name: the message of an Error is not among what is spread. */
function told({ code, message, hint }: ExpectedError | RequestError, status: number): OpenaiRefusal {
  return { status, code, message, hint };
}
