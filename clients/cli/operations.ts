/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** Where the engine may run. */
export type ComputePower =
  /** On a GPU when there is one, else on the CPU. */
  | 'AUTO'
  /** On the CPU. */
  | 'CPU_ONLY'
  /** On a GPU; without one the job ends as FAILED with GPU_UNAVAILABLE. */
  | 'GPU_ONLY';

/** Absent = unchanged. null = back to the value of config.json, except language (null = detect) and retentionDays (null = keep for ever). */
export type ConfigInput = {
  /** Where the engine runs for jobs that do not say. */
  readonly computePower?: ComputePower | null | undefined;
  /** Language for jobs that name none, a code of at most 3 letters; null = detect. */
  readonly language?: string | null | undefined;
  /** Mode for jobs that name none. */
  readonly mode?: TranscriptionMode | null | undefined;
  /** How many jobs run at the same time, within configOptions.numJobs. */
  readonly numJobs?: number | null | undefined;
  /** Days after which finished jobs are deleted, 1 to 36,500; null = they are kept for ever. */
  readonly retentionDays?: number | null | undefined;
  /** Whether stretches without speech are left out, for jobs that do not say. */
  readonly vad?: boolean | null | undefined;
  /** Whether segments carry words with times, for jobs that do not say. */
  readonly wordTimestamps?: boolean | null | undefined;
};

/** Why a job is FAILED. */
export type FailureCode =
  /** The recording could not be fetched from its URL. */
  | 'DOWNLOAD_FAILED'
  /** The engine ended three times without a word. */
  | 'ENGINE_CRASHED'
  /** The engine program could not be started. */
  | 'ENGINE_NOT_INSTALLED'
  /** The engine said something that the server does not understand. */
  | 'ENGINE_PROTOCOL'
  /** The engine said nothing for too long. */
  | 'ENGINE_STALLED'
  /** The GPU has too little free memory for model and batch size. */
  | 'GPU_OUT_OF_MEMORY'
  /** A GPU was asked for and none can be used. */
  | 'GPU_UNAVAILABLE'
  /** A fault of the server; its log tells more. */
  | 'INTERNAL'
  /** The job took longer than its recording allows. */
  | 'JOB_TIMEOUT'
  /** The recording changed while it was being read. */
  | 'MEDIA_CHANGED'
  /** The recording is damaged so that it cannot be decoded. */
  | 'MEDIA_CORRUPT'
  /** The recording has no bytes any more. */
  | 'MEDIA_EMPTY'
  /** The recording was there when the job was accepted, and is gone. */
  | 'MEDIA_NOT_FOUND'
  /** The file has no audio stream. */
  | 'MEDIA_NO_AUDIO'
  /** The recording at its URL is above limits.maxUploadBytes. */
  | 'MEDIA_TOO_LARGE'
  /** The recording is longer than limits.maxDurationSeconds. */
  | 'MEDIA_TOO_LONG'
  /** The file is not a recording in a container and codec that the engine reads. */
  | 'MEDIA_UNSUPPORTED'
  /** The files of the model are damaged or not a Whisper model. */
  | 'MODEL_INVALID'
  /** The model is not in the model directory any more. */
  | 'MODEL_NOT_FOUND'
  /** The machine has too little free memory for model and batch size. */
  | 'OUT_OF_MEMORY'
  /** The disk of the server is full. */
  | 'STORAGE_FULL';

/** Fields are ANDed; an empty list matches nothing. */
export type JobFilter = {
  /** Jobs that were accepted at this time or later. */
  readonly createdAfter?: string | null | undefined;
  /** Jobs that were accepted before this time. */
  readonly createdBefore?: string | null | undefined;
  /** Jobs with one of these ids. At most 1,000 items. At most 200 characters. */
  readonly ids?: ReadonlyArray<string | number> | null | undefined;
  /** Jobs whose language has this code; of jobs of which none is known yet, none. At most 20 characters. */
  readonly language?: string | null | undefined;
  /** Jobs whose recording has a name that contains this text, whatever the case and accents; empty = all jobs. At most 500 characters. */
  readonly mediaNameContains?: string | null | undefined;
  /** Jobs that were submitted with an API key of this name. At most 64 characters. */
  readonly owner?: string | null | undefined;
  /** Jobs in one of these statuses. At most 1,000 items. */
  readonly status?: ReadonlyArray<JobStatus> | null | undefined;
  /** Jobs that have this tag, as it was given. At most 100 characters. */
  readonly tag?: string | null | undefined;
  /** Jobs whose title contains this text, whatever the case and accents; empty = all jobs. At most 500 characters. */
  readonly titleContains?: string | null | undefined;
  /** Jobs that changed last at this time or later, as their updatedAt tells. */
  readonly updatedAfter?: string | null | undefined;
};

/** What is being done for a job. */
export type JobStage =
  /** The recording is decoded and searched for speech. */
  | 'DECODING'
  /** The language is found out. */
  | 'DETECTING_LANGUAGE'
  /** The text is there; the speakers are told apart. */
  | 'DIARIZING'
  /** Nothing more happens by itself. */
  | 'DONE'
  /** The recording is fetched from its URL, and no slot is taken yet; fraction is how much of it is there. */
  | 'DOWNLOADING'
  /** The last batch is done, the attempt is being ended. */
  | 'FINISHING'
  /** Waiting for a free slot. */
  | 'QUEUED'
  /** The engine starts and loads its model. */
  | 'STARTING'
  /** Speech becomes text; segments arrive. */
  | 'TRANSCRIBING';

/** Where a job is in its life. */
export type JobStatus =
  /** It was cancelled and all its processes are gone; segments so far are kept. It can be retried. */
  | 'CANCELLED'
  /** The whole transcript is there. */
  | 'COMPLETED'
  /** It ended without a whole transcript; failure tells why. It can be retried. */
  | 'FAILED'
  /** Waiting for a free slot, for the first time or again after an interruption, or for its recording to be fetched. */
  | 'QUEUED'
  /** An engine is running for it. */
  | 'WORKING';

/** Fields are ANDed. */
export type LogFilter = {
  /** Lines whose message contains this text, whatever the case and accents. At most 500 characters. */
  readonly contains?: string | null | undefined;
  /** Lines about this job. At most 200 characters. */
  readonly jobId?: string | number | null | undefined;
  /** This one and above. */
  readonly level?: LogLevel | null | undefined;
  /** Lines of this month, 1 to 12 (UTC); needs year. */
  readonly month?: number | null | undefined;
  /** Lines of this year (UTC). */
  readonly year?: number | null | undefined;
};

/** How grave a log line is. */
export type LogLevel =
  /** For those who look for a fault. */
  | 'DEBUG'
  /** Something failed. */
  | 'ERROR'
  /** What happened in the ordinary way. */
  | 'INFO'
  /** Something is not as it should be, and the server goes on. */
  | 'WARN';

/** What an API key allows. */
export type Role =
  /** Everything. */
  | 'ADMIN'
  /** To see every job, and to change nothing. */
  | 'READER'
  /** Own jobs: to submit, see, follow, edit and delete them. What is not theirs does not exist. */
  | 'USER';

/** What the server is ready for. */
export type ServerStatus =
  /** It answers, but something is wrong: engine.problem, or the database takes no writes. */
  | 'DEGRADED'
  /** It is stopping; jobs go back to the queue. */
  | 'DRAINING'
  /** It takes jobs and runs them. */
  | 'READY'
  /** It has just started; the engine is being tested. */
  | 'STARTING';

/** What becomes of the speech. */
export type Task =
  /** Text in the language that is spoken. */
  | 'TRANSCRIBE'
  /** Text in English. */
  | 'TRANSLATE';

/** How a transcript is written. */
export type TranscriptFormat =
  /** Advanced SubStation Alpha subtitles. */
  | 'ASS'
  /** Table for spreadsheets (RFC 4180, with a byte order mark): index, begin and end in seconds, speaker, language, text. */
  | 'CSV'
  /** A page to read and to print, with the paragraphs of TXT; times and speakers are links within it. */
  | 'HTML'
  /** JSON in the shape of openai/whisper's: text, language, segments with id, start, end, text, avg_logprob, no_speech_prob, and words where there are any. */
  | 'JSON'
  /** Lyrics: a line for each cue, with its begin. */
  | 'LRC'
  /** SubRip subtitles. */
  | 'SRT'
  /** The table of openai/whisper's command line: begin and end in milliseconds, text. */
  | 'TSV'
  /** Plain text to read: a line for each sentence, an empty one between paragraphs, which end at a longer pause, where another speaker begins, and with the sentence when they are long. */
  | 'TXT'
  /** WebVTT subtitles. */
  | 'VTT';

/** Named set of model, batch size and compute type; configOptions shows what each stands for here. */
export type TranscriptionMode =
  /** base unless configured otherwise: runs on any CPU, installed with the product. */
  | 'COMPACT'
  /** large-v2 unless configured otherwise: the best text, wants a GPU. */
  | 'HIGH_ACCURACY'
  /** medium unless configured otherwise: quicker, good text. */
  | 'LOW_LATENCY'
  /** large-v3-turbo unless configured otherwise: about as right as the large ones, several times as fast; does not translate. */
  | 'TURBO';

export type HelloQueryVariables = Exact<{ [key: string]: never; }>;


export type HelloQuery = { readonly viewer: { readonly name: string | null, readonly role: Role }, readonly server: { readonly version: string, readonly status: ServerStatus } };

export type AbilitiesQueryVariables = Exact<{ [key: string]: never; }>;


export type AbilitiesQuery = { readonly options: { readonly inputFields: ReadonlyArray<{ readonly name: string }> | null } | null, readonly media: { readonly inputFields: ReadonlyArray<{ readonly name: string }> | null } | null };

export type QueueQueryVariables = Exact<{ [key: string]: never; }>;


export type QueueQuery = { readonly server: { readonly queue: { readonly queued: number, readonly working: number, readonly paused: boolean } } };

export type JobDetailsQueryVariables = Exact<{
  id: string | number;
}>;


export type JobDetailsQuery = { readonly job: { readonly queuePosition: number | null, readonly estimatedStartAt: string | null, readonly id: string, readonly status: JobStatus, readonly title: string | null, readonly createdAt: string, readonly finishedAt: string | null, readonly tags: ReadonlyArray<string>, readonly owner: string | null, readonly options: { readonly mode: TranscriptionMode, readonly model: string, readonly language: string | null, readonly task: Task }, readonly media: { readonly bytes: number | null, readonly warnings: ReadonlyArray<string>, readonly name: string, readonly durationSeconds: number | null }, readonly language: { readonly code: string, readonly probability: number } | null, readonly progress: { readonly stage: JobStage, readonly fraction: number, readonly etaSeconds: number | null }, readonly failure: { readonly code: FailureCode, readonly message: string, readonly hint: string | null } | null } | null };

export type TranscriptAddressQueryVariables = Exact<{
  id: string | number;
  format: TranscriptFormat;
}>;


export type TranscriptAddressQuery = { readonly job: { readonly status: JobStatus, readonly transcriptUrl: string } | null };

export type JobsQueryVariables = Exact<{
  filter?: JobFilter | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type JobsQuery = { readonly jobs: { readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly status: JobStatus, readonly title: string | null, readonly createdAt: string, readonly finishedAt: string | null, readonly tags: ReadonlyArray<string>, readonly owner: string | null, readonly media: { readonly name: string, readonly durationSeconds: number | null }, readonly progress: { readonly stage: JobStage, readonly fraction: number, readonly etaSeconds: number | null }, readonly failure: { readonly code: FailureCode, readonly message: string, readonly hint: string | null } | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type SegmentsQueryVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type SegmentsQuery = { readonly job: { readonly status: JobStatus, readonly speakers: ReadonlyArray<{ readonly key: string, readonly label: string }>, readonly segments: { readonly edges: ReadonlyArray<{ readonly node: { readonly index: number, readonly startSeconds: number, readonly endSeconds: number, readonly speaker: string | null, readonly text: string } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } } | null };

export type SearchQueryVariables = Exact<{
  query: string;
  filter?: JobFilter | null | undefined;
  first: number;
}>;


export type SearchQuery = { readonly search: { readonly edges: ReadonlyArray<{ readonly node: { readonly highlight: string, readonly job: { readonly id: string, readonly title: string | null, readonly media: { readonly name: string } }, readonly segment: { readonly index: number, readonly startSeconds: number, readonly endSeconds: number, readonly text: string } } }> } };

export type LogsQueryVariables = Exact<{
  filter?: LogFilter | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type LogsQuery = { readonly logs: { readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly time: string, readonly level: LogLevel, readonly event: string, readonly message: string, readonly jobId: string | null, readonly fields: unknown } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type LogAddedSubscriptionVariables = Exact<{
  filter?: LogFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type LogAddedSubscription = { readonly logAdded: { readonly id: string, readonly time: string, readonly level: LogLevel, readonly event: string, readonly message: string, readonly jobId: string | null, readonly fields: unknown } };

export type ConfigQueryVariables = Exact<{ [key: string]: never; }>;


export type ConfigQuery = { readonly config: { readonly mode: TranscriptionMode, readonly computePower: ComputePower, readonly numJobs: number, readonly language: string | null, readonly wordTimestamps: boolean, readonly vad: boolean, readonly retentionDays: number | null, readonly paused: boolean } };

export type ModelsQueryVariables = Exact<{ [key: string]: never; }>;


export type ModelsQuery = { readonly models: ReadonlyArray<{ readonly id: string, readonly installed: boolean, readonly bytes: number | null, readonly languages: string, readonly downloading: number | null, readonly problem: string | null }>, readonly configOptions: { readonly modes: ReadonlyArray<{ readonly mode: TranscriptionMode, readonly model: string, readonly description: string }> } };

export type CancelMutationVariables = Exact<{
  id: string | number;
}>;


export type CancelMutation = { readonly cancel:
    | { readonly __typename: 'CancelSuccess', readonly job: { readonly id: string, readonly status: JobStatus, readonly title: string | null, readonly createdAt: string, readonly finishedAt: string | null, readonly tags: ReadonlyArray<string>, readonly owner: string | null, readonly media: { readonly name: string, readonly durationSeconds: number | null }, readonly progress: { readonly stage: JobStage, readonly fraction: number, readonly etaSeconds: number | null }, readonly failure: { readonly code: FailureCode, readonly message: string, readonly hint: string | null } | null } }
    | { readonly __typename: 'JobAlreadyFinishedError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'JobNotFoundError', readonly code: string, readonly message: string, readonly hint: string | null }
   };

export type RetryMutationVariables = Exact<{
  id: string | number;
  fromStart?: boolean | null | undefined;
}>;


export type RetryMutation = { readonly retry:
    | { readonly __typename: 'JobNotFoundError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'JobStatusError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'MediaNotFoundError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'ModelNotInstalledError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'QueueFullError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'RetrySuccess', readonly job: { readonly id: string, readonly status: JobStatus, readonly title: string | null, readonly createdAt: string, readonly finishedAt: string | null, readonly tags: ReadonlyArray<string>, readonly owner: string | null, readonly media: { readonly name: string, readonly durationSeconds: number | null }, readonly progress: { readonly stage: JobStage, readonly fraction: number, readonly etaSeconds: number | null }, readonly failure: { readonly code: FailureCode, readonly message: string, readonly hint: string | null } | null } }
   };

export type DeleteJobMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteJobMutation = { readonly deleteJob:
    | { readonly __typename: 'DeleteJobSuccess' }
    | { readonly __typename: 'JobNotFoundError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'JobStatusError', readonly code: string, readonly message: string, readonly hint: string | null }
   };

export type SetConfigMutationVariables = Exact<{
  input: ConfigInput;
}>;


export type SetConfigMutation = { readonly setConfig:
    | { readonly __typename: 'InvalidInputError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'ModelNotInstalledError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'SetConfigSuccess', readonly config: { readonly mode: TranscriptionMode, readonly computePower: ComputePower, readonly numJobs: number, readonly language: string | null, readonly wordTimestamps: boolean, readonly vad: boolean, readonly retentionDays: number | null, readonly paused: boolean } }
   };

export type PauseQueueMutationVariables = Exact<{ [key: string]: never; }>;


export type PauseQueueMutation = { readonly pauseQueue: { readonly id: string } };

export type ResumeQueueMutationVariables = Exact<{ [key: string]: never; }>;


export type ResumeQueueMutation = { readonly resumeQueue: { readonly id: string } };

export type DownloadModelMutationVariables = Exact<{
  id: string | number;
}>;


export type DownloadModelMutation = { readonly downloadModel:
    | { readonly __typename: 'DownloadModelSuccess', readonly model: { readonly id: string, readonly installed: boolean, readonly bytes: number | null, readonly languages: string, readonly downloading: number | null, readonly problem: string | null } }
    | { readonly __typename: 'InvalidInputError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'StorageFullError', readonly code: string, readonly message: string, readonly hint: string | null }
   };

export type CancelDownloadMutationVariables = Exact<{
  id: string | number;
}>;


export type CancelDownloadMutation = { readonly cancelDownload:
    | { readonly __typename: 'DownloadModelSuccess' }
    | { readonly __typename: 'InvalidInputError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'StorageFullError', readonly code: string, readonly message: string, readonly hint: string | null }
   };

export type RemoveModelMutationVariables = Exact<{
  id: string | number;
}>;


export type RemoveModelMutation = { readonly removeModel:
    | { readonly __typename: 'InvalidInputError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'ModelInUseError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'RemoveModelSuccess' }
   };

export type JobLineFragment = { readonly id: string, readonly status: JobStatus, readonly title: string | null, readonly createdAt: string, readonly finishedAt: string | null, readonly tags: ReadonlyArray<string>, readonly owner: string | null, readonly media: { readonly name: string, readonly durationSeconds: number | null }, readonly progress: { readonly stage: JobStage, readonly fraction: number, readonly etaSeconds: number | null }, readonly failure: { readonly code: FailureCode, readonly message: string, readonly hint: string | null } | null };

export type LogFieldsFragment = { readonly id: string, readonly time: string, readonly level: LogLevel, readonly event: string, readonly message: string, readonly jobId: string | null, readonly fields: unknown };

export type ConfigValuesFragment = { readonly mode: TranscriptionMode, readonly computePower: ComputePower, readonly numJobs: number, readonly language: string | null, readonly wordTimestamps: boolean, readonly vad: boolean, readonly retentionDays: number | null, readonly paused: boolean };

export type ModelLineFragment = { readonly id: string, readonly installed: boolean, readonly bytes: number | null, readonly languages: string, readonly downloading: number | null, readonly problem: string | null };

type Refusal_ApiKeyNotFoundError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_InvalidInputError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_JobAlreadyFinishedError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_JobNotFoundError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_JobStatusError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_MediaNotFoundError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_MediaRejectedError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_ModelInUseError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_ModelNotInstalledError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_QueueFullError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_StorageFullError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

type Refusal_WebhookNotFoundError_Fragment = { readonly code: string, readonly message: string, readonly hint: string | null };

export type RefusalFragment =
  | Refusal_ApiKeyNotFoundError_Fragment
  | Refusal_InvalidInputError_Fragment
  | Refusal_JobAlreadyFinishedError_Fragment
  | Refusal_JobNotFoundError_Fragment
  | Refusal_JobStatusError_Fragment
  | Refusal_MediaNotFoundError_Fragment
  | Refusal_MediaRejectedError_Fragment
  | Refusal_ModelInUseError_Fragment
  | Refusal_ModelNotInstalledError_Fragment
  | Refusal_QueueFullError_Fragment
  | Refusal_StorageFullError_Fragment
  | Refusal_WebhookNotFoundError_Fragment
;

export const JobLineFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobLine"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"owner"}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"durationSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"}},{"kind":"Field","name":{"kind":"Name","value":"fraction"}},{"kind":"Field","name":{"kind":"Name","value":"etaSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]}}]} as unknown as DocumentNode<JobLineFragment, unknown>;
export const LogFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"LogFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"LogEntry"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"time"}},{"kind":"Field","name":{"kind":"Name","value":"level"}},{"kind":"Field","name":{"kind":"Name","value":"event"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"jobId"}},{"kind":"Field","name":{"kind":"Name","value":"fields"}}]}}]} as unknown as DocumentNode<LogFieldsFragment, unknown>;
export const ConfigValuesFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ConfigValues"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Config"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"computePower"}},{"kind":"Field","name":{"kind":"Name","value":"numJobs"}},{"kind":"Field","name":{"kind":"Name","value":"language"}},{"kind":"Field","name":{"kind":"Name","value":"wordTimestamps"}},{"kind":"Field","name":{"kind":"Name","value":"vad"}},{"kind":"Field","name":{"kind":"Name","value":"retentionDays"}},{"kind":"Field","name":{"kind":"Name","value":"paused"}}]}}]} as unknown as DocumentNode<ConfigValuesFragment, unknown>;
export const ModelLineFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ModelLine"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Model"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"installed"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"languages"}},{"kind":"Field","name":{"kind":"Name","value":"downloading"}},{"kind":"Field","name":{"kind":"Name","value":"problem"}}]}}]} as unknown as DocumentNode<ModelLineFragment, unknown>;
export const RefusalFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Refusal"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]} as unknown as DocumentNode<RefusalFragment, unknown>;
export const HelloDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Hello"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}}]}},{"kind":"Field","name":{"kind":"Name","value":"server"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}}]} as unknown as DocumentNode<HelloQuery, HelloQueryVariables>;
export const AbilitiesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Abilities"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"options"},"name":{"kind":"Name","value":"__type"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"StringValue","value":"TranscribeInput","block":false}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"inputFields"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"media"},"name":{"kind":"Name","value":"__type"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"StringValue","value":"MediaInput","block":false}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"inputFields"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]} as unknown as DocumentNode<AbilitiesQuery, AbilitiesQueryVariables>;
export const QueueDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Queue"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"server"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"queue"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"queued"}},{"kind":"Field","name":{"kind":"Name","value":"working"}},{"kind":"Field","name":{"kind":"Name","value":"paused"}}]}}]}}]}}]} as unknown as DocumentNode<QueueQuery, QueueQueryVariables>;
export const JobDetailsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"JobDetails"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"job"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobLine"}},{"kind":"Field","name":{"kind":"Name","value":"options"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"language"}},{"kind":"Field","name":{"kind":"Name","value":"task"}}]}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"warnings"}}]}},{"kind":"Field","name":{"kind":"Name","value":"language"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"probability"}}]}},{"kind":"Field","name":{"kind":"Name","value":"queuePosition"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobLine"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"owner"}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"durationSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"}},{"kind":"Field","name":{"kind":"Name","value":"fraction"}},{"kind":"Field","name":{"kind":"Name","value":"etaSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]}}]} as unknown as DocumentNode<JobDetailsQuery, JobDetailsQueryVariables>;
export const TranscriptAddressDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"TranscriptAddress"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"format"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"TranscriptFormat"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"job"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"transcriptUrl"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"format"},"value":{"kind":"Variable","name":{"kind":"Name","value":"format"}}},{"kind":"Argument","name":{"kind":"Name","value":"speakers"},"value":{"kind":"BooleanValue","value":true}}]}]}}]}}]} as unknown as DocumentNode<TranscriptAddressQuery, TranscriptAddressQueryVariables>;
export const JobsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Jobs"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"JobFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"jobs"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobLine"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobLine"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"owner"}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"durationSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"}},{"kind":"Field","name":{"kind":"Name","value":"fraction"}},{"kind":"Field","name":{"kind":"Name","value":"etaSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]}}]} as unknown as DocumentNode<JobsQuery, JobsQueryVariables>;
export const SegmentsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Segments"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"job"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"speakers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"key"}},{"kind":"Field","name":{"kind":"Name","value":"label"}}]}},{"kind":"Field","name":{"kind":"Name","value":"segments"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"1000"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"index"}},{"kind":"Field","name":{"kind":"Name","value":"startSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"endSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"speaker"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]}}]} as unknown as DocumentNode<SegmentsQuery, SegmentsQueryVariables>;
export const SearchDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Search"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"query"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"JobFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"search"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"query"},"value":{"kind":"Variable","name":{"kind":"Name","value":"query"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"highlight"}},{"kind":"Field","name":{"kind":"Name","value":"job"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"segment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"index"}},{"kind":"Field","name":{"kind":"Name","value":"startSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"endSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<SearchQuery, SearchQueryVariables>;
export const LogsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Logs"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"LogFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"logs"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"LogFields"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"LogFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"LogEntry"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"time"}},{"kind":"Field","name":{"kind":"Name","value":"level"}},{"kind":"Field","name":{"kind":"Name","value":"event"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"jobId"}},{"kind":"Field","name":{"kind":"Name","value":"fields"}}]}}]} as unknown as DocumentNode<LogsQuery, LogsQueryVariables>;
export const LogAddedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"LogAdded"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"LogFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"logAdded"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"LogFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"LogFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"LogEntry"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"time"}},{"kind":"Field","name":{"kind":"Name","value":"level"}},{"kind":"Field","name":{"kind":"Name","value":"event"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"jobId"}},{"kind":"Field","name":{"kind":"Name","value":"fields"}}]}}]} as unknown as DocumentNode<LogAddedSubscription, LogAddedSubscriptionVariables>;
export const ConfigDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Config"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"config"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ConfigValues"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ConfigValues"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Config"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"computePower"}},{"kind":"Field","name":{"kind":"Name","value":"numJobs"}},{"kind":"Field","name":{"kind":"Name","value":"language"}},{"kind":"Field","name":{"kind":"Name","value":"wordTimestamps"}},{"kind":"Field","name":{"kind":"Name","value":"vad"}},{"kind":"Field","name":{"kind":"Name","value":"retentionDays"}},{"kind":"Field","name":{"kind":"Name","value":"paused"}}]}}]} as unknown as DocumentNode<ConfigQuery, ConfigQueryVariables>;
export const ModelsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Models"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"models"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ModelLine"}}]}},{"kind":"Field","name":{"kind":"Name","value":"configOptions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"modes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"description"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ModelLine"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Model"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"installed"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"languages"}},{"kind":"Field","name":{"kind":"Name","value":"downloading"}},{"kind":"Field","name":{"kind":"Name","value":"problem"}}]}}]} as unknown as DocumentNode<ModelsQuery, ModelsQueryVariables>;
export const CancelDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Cancel"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cancel"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CancelSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"job"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobLine"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Refusal"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobLine"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"owner"}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"durationSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"}},{"kind":"Field","name":{"kind":"Name","value":"fraction"}},{"kind":"Field","name":{"kind":"Name","value":"etaSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Refusal"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]} as unknown as DocumentNode<CancelMutation, CancelMutationVariables>;
export const RetryDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Retry"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"fromStart"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Boolean"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"retry"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"fromStart"},"value":{"kind":"Variable","name":{"kind":"Name","value":"fromStart"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"RetrySuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"job"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobLine"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Refusal"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobLine"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"owner"}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"durationSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"}},{"kind":"Field","name":{"kind":"Name","value":"fraction"}},{"kind":"Field","name":{"kind":"Name","value":"etaSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Refusal"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]} as unknown as DocumentNode<RetryMutation, RetryMutationVariables>;
export const DeleteJobDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteJob"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteJob"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Refusal"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Refusal"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]} as unknown as DocumentNode<DeleteJobMutation, DeleteJobMutationVariables>;
export const SetConfigDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SetConfig"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ConfigInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"setConfig"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"SetConfigSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"config"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ConfigValues"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Refusal"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ConfigValues"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Config"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"mode"}},{"kind":"Field","name":{"kind":"Name","value":"computePower"}},{"kind":"Field","name":{"kind":"Name","value":"numJobs"}},{"kind":"Field","name":{"kind":"Name","value":"language"}},{"kind":"Field","name":{"kind":"Name","value":"wordTimestamps"}},{"kind":"Field","name":{"kind":"Name","value":"vad"}},{"kind":"Field","name":{"kind":"Name","value":"retentionDays"}},{"kind":"Field","name":{"kind":"Name","value":"paused"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Refusal"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]} as unknown as DocumentNode<SetConfigMutation, SetConfigMutationVariables>;
export const PauseQueueDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"PauseQueue"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"pauseQueue"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]} as unknown as DocumentNode<PauseQueueMutation, PauseQueueMutationVariables>;
export const ResumeQueueDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ResumeQueue"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"resumeQueue"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]} as unknown as DocumentNode<ResumeQueueMutation, ResumeQueueMutationVariables>;
export const DownloadModelDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DownloadModel"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"downloadModel"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DownloadModelSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"model"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ModelLine"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Refusal"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ModelLine"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Model"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"installed"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"languages"}},{"kind":"Field","name":{"kind":"Name","value":"downloading"}},{"kind":"Field","name":{"kind":"Name","value":"problem"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Refusal"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]} as unknown as DocumentNode<DownloadModelMutation, DownloadModelMutationVariables>;
export const CancelDownloadDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CancelDownload"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cancelDownload"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Refusal"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Refusal"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]} as unknown as DocumentNode<CancelDownloadMutation, CancelDownloadMutationVariables>;
export const RemoveModelDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RemoveModel"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"removeModel"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Refusal"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Refusal"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]} as unknown as DocumentNode<RemoveModelMutation, RemoveModelMutationVariables>;