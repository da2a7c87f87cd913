import type { Role } from '#src/config/api-key.ts';
import type { MediaRejection } from '#src/errors.ts';
import type { JobOrder } from '#src/jobs/job-filter.ts';
import type {
  AttemptOutcome,
  ChannelMode,
  ComputePower,
  FailureCode,
  JobStage,
  JobStatus,
  Task,
  TranscriptionMode,
} from '#src/jobs/job.ts';
import type { TranscriptFormat } from '#src/jobs/transcript.ts';
import type { WorkerStatus } from '#src/jobs/worker.ts';
import type { ServerState } from '#src/operations/health.ts';
import type { LogLevel } from '#src/store/logs.ts';
import type { WebhookEvent } from '#src/store/webhooks.ts';
import { builder } from './builder.ts';

/** Adds an enum whose values and words are one table, in the order of the table. */
function enumOf<Value extends string>(name: string, description: string, words: Readonly<Record<Value, string>>) {
  const values = Object.fromEntries(
    Object.entries<string>(words).map(([value, text]) => [value, { description: text }]),
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of `words` are the values
  return builder.enumType(name, { description, values: values as Record<Value, { description: string }> });
}

export const JobStatusType = enumOf<JobStatus>('JobStatus', 'Where a job is in its life.', {
  QUEUED:
    'Waiting for a free slot, for the first time or again after an interruption, or for its recording to be fetched.',
  WORKING: 'An engine is running for it.',
  COMPLETED: 'The whole transcript is there.',
  FAILED: 'It ended without a whole transcript; failure tells why. It can be retried.',
  CANCELLED: 'It was cancelled and all its processes are gone; segments so far are kept. It can be retried.',
});

export const JobOrderType = enumOf<JobOrder>('JobOrder', 'By which time jobs are put into order.', {
  CREATED: 'Newest first.',
  UPDATED:
    'Changed last first. A job that changes while one pages moves to the front: follow jobChanged with since, and nothing is missed.',
});

export const RoleType = enumOf<Role>('Role', 'What an API key allows.', {
  ADMIN: 'Everything.',
  USER: 'Own jobs: to submit, see, follow, edit and delete them. What is not theirs does not exist.',
  READER: 'To see every job, and to change nothing.',
});

export const JobStageType = enumOf<JobStage>('JobStage', 'What is being done for a job.', {
  QUEUED: 'Waiting for a free slot.',
  DOWNLOADING: 'The recording is fetched from its URL, and no slot is taken yet; fraction is how much of it is there.',
  STARTING: 'The engine starts and loads its model.',
  DECODING: 'The recording is decoded and searched for speech.',
  DETECTING_LANGUAGE: 'The language is found out.',
  TRANSCRIBING: 'Speech becomes text; segments arrive.',
  DIARIZING: 'The text is there; the speakers are told apart.',
  FINISHING: 'The last batch is done, the attempt is being ended.',
  DONE: 'Nothing more happens by itself.',
});

export const TranscriptionModeType = enumOf<TranscriptionMode>(
  'TranscriptionMode',
  'Named set of model, batch size and compute type; configOptions shows what each stands for here.',
  {
    HIGH_ACCURACY: 'large-v2 unless configured otherwise: the best text, wants a GPU.',
    LOW_LATENCY: 'medium unless configured otherwise: quicker, good text.',
    TURBO:
      'large-v3-turbo unless configured otherwise: about as right as the large ones, several times as fast; does not translate.',
    COMPACT: 'base unless configured otherwise: runs on any CPU, installed with the product.',
  },
);

export const ComputePowerType = enumOf<ComputePower>('ComputePower', 'Where the engine may run.', {
  AUTO: 'On a GPU when there is one, else on the CPU.',
  GPU_ONLY: 'On a GPU; without one the job ends as FAILED with GPU_UNAVAILABLE.',
  CPU_ONLY: 'On the CPU.',
});

export const TaskType = enumOf<Task>('Task', 'What becomes of the speech.', {
  TRANSCRIBE: 'Text in the language that is spoken.',
  TRANSLATE: 'Text in English.',
});

export const ChannelModeType = enumOf<ChannelMode>('ChannelMode', 'What becomes of several audio channels.', {
  MIX: 'All channels are mixed down to one.',
  SPLIT: 'Every channel is transcribed of its own, as one speaker each (telephone recordings).',
});

export const TranscriptFormatType = enumOf<TranscriptFormat>('TranscriptFormat', 'How a transcript is written.', {
  TXT: 'Plain text to read: a line for each sentence, an empty one between paragraphs, which end at a longer pause, where another speaker begins, and with the sentence when they are long.',
  SRT: 'SubRip subtitles.',
  VTT: 'WebVTT subtitles.',
  TSV: "The table of openai/whisper's command line: begin and end in milliseconds, text.",
  JSON: "JSON in the shape of openai/whisper's: text, language, segments with id, start, end, text, avg_logprob, no_speech_prob, and words where there are any.",
  ASS: 'Advanced SubStation Alpha subtitles.',
  LRC: 'Lyrics: a line for each cue, with its begin.',
  CSV: 'Table for spreadsheets (RFC 4180, with a byte order mark): index, begin and end in seconds, speaker, language, text.',
  HTML: 'A page to read and to print, with the paragraphs of TXT; times and speakers are links within it.',
});

export const AttemptOutcomeType = enumOf<AttemptOutcome>('AttemptOutcome', 'How a run of the engine ended.', {
  COMPLETED: 'The whole recording was transcribed.',
  FAILED: 'It ended the job; Job.failure tells why.',
  CANCELLED: 'It was cancelled.',
  INTERRUPTED: 'It ended early, and the job went back to the queue.',
});

export const LogLevelType = enumOf<LogLevel>('LogLevel', 'How grave a log line is.', {
  DEBUG: 'For those who look for a fault.',
  INFO: 'What happened in the ordinary way.',
  WARN: 'Something is not as it should be, and the server goes on.',
  ERROR: 'Something failed.',
});

export const WebhookEventType = enumOf<WebhookEvent>('WebhookEvent', 'What a webhook hears of.', {
  JOB_COMPLETED: 'A job has its whole transcript: a message of type job.completed.',
  JOB_FAILED: 'A job ended without a whole transcript: job.failed.',
  JOB_CANCELLED: 'A job was cancelled, and all its processes are gone: job.cancelled.',
});

export const ServerStatusType = enumOf<ServerState>('ServerStatus', 'What the server is ready for.', {
  STARTING: 'It has just started; the engine is being tested.',
  READY: 'It takes jobs and runs them.',
  DEGRADED: 'It answers, but something is wrong: engine.problem, or the database takes no writes.',
  DRAINING: 'It is stopping; jobs go back to the queue.',
});

export const WorkerStatusType = enumOf<WorkerStatus>('WorkerStatus', 'Whether a worker takes jobs.', {
  READY: 'It takes jobs and runs them.',
  DRAINING: 'It takes no new ones, gives back those that it runs, and leaves.',
  LOST: 'It was not heard of for longer than a lease lasts.',
});

export const MediaRejectionType = enumOf<MediaRejection>('MediaRejection', 'Why a recording was not taken.', {
  OUTSIDE_ROOTS: 'The path is outside the media roots, whether the file exists or not.',
  HIDDEN: 'A part of the path begins with a dot.',
  NOT_A_FILE: 'The path is a folder or a device.',
  EMPTY: 'The file has no bytes.',
  TOO_LARGE: 'The upload is above limits.maxUploadBytes.',
  URL_REFUSED: 'The host of the URL is written as an address of a private network.',
  UPLOAD_UNKNOWN: 'The caller has no upload with this id, or its 24 hours are over.',
  UPLOAD_UNFINISHED: 'Not all bytes of the upload have come.',
});

export const FailureCodeType = enumOf<FailureCode>('FailureCode', 'Why a job is FAILED.', {
  MEDIA_NOT_FOUND: 'The recording was there when the job was accepted, and is gone.',
  MEDIA_EMPTY: 'The recording has no bytes any more.',
  MEDIA_NO_AUDIO: 'The file has no audio stream.',
  MEDIA_UNSUPPORTED: 'The file is not a recording in a container and codec that the engine reads.',
  MEDIA_CORRUPT: 'The recording is damaged so that it cannot be decoded.',
  MEDIA_CHANGED: 'The recording changed while it was being read.',
  MEDIA_TOO_LONG: 'The recording is longer than limits.maxDurationSeconds.',
  MEDIA_TOO_LARGE: 'The recording at its URL is above limits.maxUploadBytes.',
  DOWNLOAD_FAILED: 'The recording could not be fetched from its URL.',
  MODEL_NOT_FOUND: 'The model is not in the model directory any more.',
  MODEL_INVALID: 'The files of the model are damaged or not a Whisper model.',
  GPU_UNAVAILABLE: 'A GPU was asked for and none can be used.',
  GPU_OUT_OF_MEMORY: 'The GPU has too little free memory for model and batch size.',
  OUT_OF_MEMORY: 'The machine has too little free memory for model and batch size.',
  ENGINE_NOT_INSTALLED: 'The engine program could not be started.',
  ENGINE_CRASHED: 'The engine ended three times without a word.',
  ENGINE_STALLED: 'The engine said nothing for too long.',
  ENGINE_PROTOCOL: 'The engine said something that the server does not understand.',
  JOB_TIMEOUT: 'The job took longer than its recording allows.',
  STORAGE_FULL: 'The disk of the server is full.',
  INTERNAL: 'A fault of the server; its log tells more.',
});
