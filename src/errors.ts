import type { JobStatus } from './jobs/job.ts';

/**
 * An expected failure that a caller can act on: a member of a result union in the schema, `code` its name without Error in
 * SCREAMING_CASE. Everything else that is thrown is masked at the edge.
 */
export abstract class ExpectedError extends Error {
  abstract readonly code: string;
  /** What to do about it. */
  abstract readonly hint: string | null;
}

export class MediaNotFoundError extends ExpectedError {
  override readonly name = 'MediaNotFoundError';
  readonly code = 'MEDIA_NOT_FOUND';
  readonly hint = 'Give a path relative to a media root of the server, or upload the recording.';
}

export type MediaRejection =
  | 'OUTSIDE_ROOTS'
  | 'HIDDEN'
  | 'NOT_A_FILE'
  | 'EMPTY'
  | 'TOO_LARGE'
  | 'URL_REFUSED'
  | 'UPLOAD_UNKNOWN'
  | 'UPLOAD_UNFINISHED';

export class MediaRejectedError extends ExpectedError {
  override readonly name = 'MediaRejectedError';
  readonly code = 'MEDIA_REJECTED';
  readonly reason: MediaRejection;
  readonly hint: string | null;
  constructor(reason: MediaRejection, message: string, hint: string | null = null) {
    super(message);
    this.reason = reason;
    this.hint = hint;
  }
}

export class InvalidInputError extends ExpectedError {
  override readonly name = 'InvalidInputError';
  readonly code = 'INVALID_INPUT';
  /** Path of the argument, such as input.clip.startSeconds. */
  readonly field: string;
  readonly hint: string | null;
  constructor(field: string, message: string, hint: string | null = null) {
    super(message);
    this.field = field;
    this.hint = hint;
  }
}

export class ModelNotInstalledError extends ExpectedError {
  override readonly name = 'ModelNotInstalledError';
  readonly code = 'MODEL_NOT_INSTALLED';
  readonly modelId: string;
  readonly hint: string;
  /** `because`: why the folder that is there holds no whole model. */
  constructor(modelId: string, because: string | null = null) {
    super(
      because === null
        ? `The model ${modelId} is not installed.`
        : `The model ${modelId} is not installed: ${because}.`,
    );
    this.modelId = modelId;
    this.hint = `Call downloadModel(id: "${modelId}") and wait until it is installed, put a CTranslate2 model into the folder ${modelId} of the model directory, or choose a mode whose model configOptions shows as installed.`;
  }
}

export class ModelInUseError extends ExpectedError {
  override readonly name = 'ModelInUseError';
  readonly code = 'MODEL_IN_USE';
  readonly modelId: string;
  readonly hint: string;
  constructor(modelId: string, message: string, hint: string) {
    super(message);
    this.modelId = modelId;
    this.hint = hint;
  }
}

export class QueueFullError extends ExpectedError {
  override readonly name = 'QueueFullError';
  readonly code = 'QUEUE_FULL';
  readonly hint: string;
  readonly limit: number;
  /** `of`: whose jobs are so many. */
  constructor(limit: number, of: 'ALL' | 'CALLER' = 'ALL') {
    super(`The queue is full: ${limit} jobs ${of === 'ALL' ? 'are' : 'of yours are'} waiting.`);
    this.limit = limit;
    const setting = of === 'ALL' ? 'maxQueued' : 'maxQueuedPerCaller';
    this.hint = `Wait until queued jobs have run, or raise ${setting} in config.json.`;
  }
}

export class StorageFullError extends ExpectedError {
  override readonly name = 'StorageFullError';
  readonly code = 'STORAGE_FULL';
  readonly hint = 'Free space on the disk of the server, then send the request again.';
}

export class JobNotFoundError extends ExpectedError {
  override readonly name = 'JobNotFoundError';
  readonly code = 'JOB_NOT_FOUND';
  readonly hint = 'Ask for jobs to see the ids there are.';
  constructor() {
    super('There is no job with this id.');
  }
}

export class JobAlreadyFinishedError extends ExpectedError {
  override readonly name = 'JobAlreadyFinishedError';
  readonly code = 'JOB_ALREADY_FINISHED';
  readonly hint = null;
  readonly status: JobStatus;
  constructor(status: JobStatus) {
    super(`The job is ${status} and cannot be cancelled any more.`);
    this.status = status;
  }
}

export class JobStatusError extends ExpectedError {
  override readonly name = 'JobStatusError';
  readonly code = 'JOB_STATUS';
  readonly status: JobStatus;
  readonly hint: string | null;
  constructor(status: JobStatus, message: string, hint: string | null = null) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

export class ApiKeyNotFoundError extends ExpectedError {
  override readonly name = 'ApiKeyNotFoundError';
  readonly code = 'API_KEY_NOT_FOUND';
  readonly hint = 'Ask for apiKeys to see the ids there are.';
  constructor() {
    super('There is no API key with this id.');
  }
}

export class WebhookNotFoundError extends ExpectedError {
  override readonly name = 'WebhookNotFoundError';
  readonly code = 'WEBHOOK_NOT_FOUND';
  readonly hint = 'Ask for webhooks to see the ids there are.';
  constructor() {
    super('There is no webhook with this id.');
  }
}

/** A request that cannot be answered, outside the unions: `code` goes to `extensions.code` as it is. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code:
    | 'BAD_USER_INPUT'
    | 'UNAUTHENTICATED'
    | 'FORBIDDEN'
    | 'TOO_MANY_REQUESTS'
    | 'NOT_FOUND'
    | 'CURSOR_EXPIRED'
    | 'SERVICE_UNAVAILABLE'
    | 'CLIENT_LEFT'
    | 'ANSWER_TOO_LARGE';
  readonly hint: string | null;
  constructor(code: RequestError['code'], message: string, hint: string | null = null) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** The database does not answer; it may a moment later. */
export class DatabaseAwayError extends RequestError {
  /** Whether it is certain that nothing was changed. */
  readonly isUndone: boolean;
  constructor(cause: unknown, isUndone = true) {
    super('SERVICE_UNAVAILABLE', 'The database does not answer.', 'Try again in a moment.');
    this.cause = cause;
    this.isUndone = isUndone;
  }
}

/** Why the work for a client ends that has left; nobody is told. */
export function clientLeft(): RequestError {
  return new RequestError('CLIENT_LEFT', 'The client has left.');
}

/** The settings are wrong; the server does not start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(file: string, problems: readonly string[], options?: ErrorOptions) {
    super(
      `${file} or the environment has ${problems.length} problem(s):\n${problems.map((line) => `  ${line}`).join('\n')}`,
      options,
    );
    this.problems = problems;
  }
}

/** No backup was made, and nothing is left of one. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** The database cannot be used as it is; it was not touched. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** Another server has the data directory; nothing was touched. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';
  constructor(directory: string, options?: ErrorOptions) {
    super(
      `Another server works on ${directory}. Stop it, or set PHONOGRAPH_DATA_DIRECTORY to another folder.`,
      options,
    );
  }
}

/** Nothing can be written into the data directory; nothing was touched. */
export class DirectoryNotWritableError extends Error {
  override readonly name = 'DirectoryNotWritableError';
  constructor(directory: string, options?: ErrorOptions) {
    super(
      `${directory} cannot be written to. Give the server's user write permission there, mount its disk for writing, or set PHONOGRAPH_DATA_DIRECTORY to another folder.`,
      options,
    );
  }
}

/** No room, or a disk that has become read-only: each of them passes, and until then nothing can be written. */
const storageFullCodes = /^(?:SQLITE_FULL|SQLITE_READONLY.*|SQLITE_IOERR_(?:WRITE|SHMSIZE)|ENOSPC|EDQUOT|EROFS)$/u;

/** Whether a disk or the database did not take what was written. */
export function isStorageFull(error: unknown): error is Error {
  return (
    error instanceof StorageFullError ||
    (error instanceof Error && 'code' in error && storageFullCodes.test(String(error.code)))
  );
}
