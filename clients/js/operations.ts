/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** What becomes of several audio channels. */
export type ChannelMode =
  /** All channels are mixed down to one. */
  | 'MIX'
  /** Every channel is transcribed of its own, as one speaker each (telephone recordings). */
  | 'SPLIT';

/** Part of a recording. */
export type ClipInput = {
  /** End, in seconds from the start of the recording; absent = to its end. */
  readonly endSeconds?: number | null | undefined;
  /** Begin, in seconds from the start of the recording. */
  readonly startSeconds?: number | null | undefined;
};

/** Where the engine may run. */
export type ComputePower =
  /** On a GPU when there is one, else on the CPU. */
  | 'AUTO'
  /** On the CPU. */
  | 'CPU_ONLY'
  /** On a GPU; without one the job ends as FAILED with GPU_UNAVAILABLE. */
  | 'GPU_ONLY';

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

/** The recording. Exactly one. */
export type MediaInput =
  {   /** Relative to a media root of the server, or absolute under one; at most 4,096 bytes. A file that was written to within the last 3 s is waited for, in the queue, until nobody has for 3 s. */
  readonly path: string; readonly upload?: never; readonly uploadId?: never; readonly url?: never; }
  |  { readonly path?: never;   /** Sent with the request as multipart/form-data, at most limits.maxUploadBytes. */
  readonly upload: Blob; readonly uploadId?: never; readonly url?: never; }
  |  { readonly path?: never; readonly upload?: never;   /** Id of a finished resumable (tus) upload, the last part of its address /uploads/ID; usable until 24 hours after its end, by several jobs. At most 200 characters. */
  readonly uploadId: string | number; readonly url?: never; }
  |  { readonly path?: never; readonly upload?: never; readonly uploadId?: never;   /** An http or https address that the server fetches it from, at most 8,000 characters and limits.maxUploadBytes: the job is QUEUED at stage DOWNLOADING meanwhile. Addresses of private networks are refused; a name that leads to one ends the job as FAILED with DOWNLOAD_FAILED. User, password and query are told to nobody else. */
  readonly url: string; };

/** What becomes of the speech. */
export type Task =
  /** Text in the language that is spoken. */
  | 'TRANSCRIBE'
  /** Text in English. */
  | 'TRANSLATE';

/** A recording and what to do with it. What is absent is taken from the Config. */
export type TranscribeInput = {
  /** How many candidate texts the decoder keeps, 1 to 10; absent = the value of config.json. */
  readonly beamSize?: number | null | undefined;
  /** Told when the job has ended, as a webhook is, and signed with webhookSecret of the settings, which all callers share; without it InvalidInputError. At most 2,000 characters, and what `url` of createWebhook may be. Not for an existing job, whose status the answer tells. */
  readonly callbackUrl?: string | null | undefined;
  /** SPLIT transcribes every channel of its own, as one speaker each (telephone recordings). */
  readonly channels?: ChannelMode | null | undefined;
  /** Only this part of the recording. */
  readonly clip?: ClipInput | null | undefined;
  /** Absent = the Config's. */
  readonly computePower?: ComputePower | null | undefined;
  /** Tell the speakers apart (with channels MIX only; else InvalidInputError). Segments stream without a speaker; at the end one JobTranscriptCleared and JobSegmentsAdded bring them again, cut where the speaker changes, and JobSpeakersChanged tells who there is. Words have their times then, whatever wordTimestamps says. Where it fails the job is COMPLETED all the same, with a warning. */
  readonly diarize?: boolean | null | undefined;
  /** Words that are likely to be said, <= 2,000 characters. */
  readonly hotwords?: string | null | undefined;
  /** Same key and same caller within 24 h: the first job is returned, whatever else the input says. At most 200 characters. */
  readonly idempotencyKey?: string | null | undefined;
  /** Text that sets style and spelling, <= 2,000 characters. */
  readonly initialPrompt?: string | null | undefined;
  /** A code of configOptions.languages, at most 3 letters; absent = the Config's; null = detect. */
  readonly language?: string | null | undefined;
  /** How many speakers there are at most, 1 to 20, where that is known. InvalidInputError without diarize. */
  readonly maxSpeakers?: number | null | undefined;
  /** The recording. */
  readonly media: MediaInput;
  /** Free key/value pairs, at most 50 and 16,384 characters as JSON. */
  readonly metadata?: unknown;
  /** How many speakers there are at least, 1 to 20, where that is known; both the same = exactly so many. InvalidInputError without diarize, and above maxSpeakers. */
  readonly minSpeakers?: number | null | undefined;
  /** Absent = the Config's. */
  readonly mode?: TranscriptionMode | null | undefined;
  /** Overrides the mode's model; an id from models, at most 100 characters. */
  readonly model?: string | number | null | undefined;
  /** Detect the language of every stretch of up to 29 seconds: for recordings that switch languages. A language that is named is then only that of the job. */
  readonly multilingual?: boolean | null | undefined;
  /** Higher runs sooner; -1,000 to 1,000. */
  readonly priority?: number | null | undefined;
  /** A finished transcript of the same bytes with the same options and engine (its versions and the model's file) is returned at once: the caller's newest COMPLETED job that has it, as it is, never one that is edited, or else a new job. A recording under a media root is read through for it before the answer; of one that is given by URL the bytes are not known then, and its job is always a new one. */
  readonly reuse?: boolean | null | undefined;
  /** At most 50 words of 100 characters. */
  readonly tags?: ReadonlyArray<string> | null | undefined;
  /** Transcribe, or translate into English. */
  readonly task?: Task | null | undefined;
  /** What to call it, at most 500 characters. */
  readonly title?: string | null | undefined;
  /** Sound track of a container with several, from 0; absent = the one that the container marks as default, else the first that is not silent. Beyond the last one the job is FAILED with MEDIA_NO_AUDIO and a hint that lists the tracks. */
  readonly track?: number | null | undefined;
  /** Leave out stretches without speech (voice activity detection). Absent = the Config's. */
  readonly vad?: boolean | null | undefined;
  /** Give every word its time. Absent = the Config's. */
  readonly wordTimestamps?: boolean | null | undefined;
};

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

export type TranscribeMutationVariables = Exact<{
  input: TranscribeInput;
}>;


export type TranscribeMutation = { readonly transcribe:
    | { readonly __typename: 'InvalidInputError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'MediaNotFoundError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'MediaRejectedError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'ModelNotInstalledError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'QueueFullError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'StorageFullError', readonly code: string, readonly message: string, readonly hint: string | null }
    | { readonly __typename: 'TranscribeSuccess', readonly existing: boolean, readonly job: { readonly id: string, readonly status: JobStatus, readonly title: string | null, readonly media: { readonly name: string, readonly durationSeconds: number | null, readonly url: string | null }, readonly progress: { readonly stage: JobStage, readonly fraction: number }, readonly language: { readonly code: string } | null, readonly failure: { readonly code: FailureCode, readonly message: string, readonly hint: string | null } | null } }
   };

export type JobQueryVariables = Exact<{
  id: string | number;
}>;


export type JobQuery = { readonly job: { readonly lastEventSeq: number, readonly id: string, readonly status: JobStatus, readonly title: string | null, readonly media: { readonly name: string, readonly durationSeconds: number | null, readonly url: string | null }, readonly progress: { readonly stage: JobStage, readonly fraction: number }, readonly language: { readonly code: string } | null, readonly failure: { readonly code: FailureCode, readonly message: string, readonly hint: string | null } | null } | null };

export type JobEventsSubscriptionVariables = Exact<{
  id: string | number;
  after?: number | null | undefined;
}>;


export type JobEventsSubscription = { readonly jobEvents:
    | { readonly __typename: 'JobLanguageDetected', readonly seq: number, readonly time: string, readonly language: { readonly code: string, readonly probability: number }, readonly job: { readonly id: string, readonly status: JobStatus, readonly progress: { readonly stage: JobStage, readonly fraction: number } } }
    | { readonly __typename: 'JobProgressed', readonly seq: number, readonly time: string, readonly progress: { readonly fraction: number, readonly processedSeconds: number, readonly etaSeconds: number | null, readonly speed: number | null }, readonly job: { readonly id: string, readonly status: JobStatus, readonly progress: { readonly stage: JobStage, readonly fraction: number } } }
    | { readonly __typename: 'JobSegmentsAdded', readonly seq: number, readonly time: string, readonly segments: ReadonlyArray<{ readonly index: number, readonly startSeconds: number, readonly endSeconds: number, readonly text: string, readonly speaker: string | null, readonly language: string | null }>, readonly job: { readonly id: string, readonly status: JobStatus, readonly progress: { readonly stage: JobStage, readonly fraction: number } } }
    | { readonly __typename: 'JobSegmentsChanged', readonly seq: number, readonly time: string, readonly segments: ReadonlyArray<{ readonly index: number, readonly startSeconds: number, readonly endSeconds: number, readonly text: string, readonly speaker: string | null, readonly language: string | null }>, readonly job: { readonly id: string, readonly status: JobStatus, readonly progress: { readonly stage: JobStage, readonly fraction: number } } }
    | { readonly __typename: 'JobSpeakersChanged', readonly seq: number, readonly time: string, readonly speakers: ReadonlyArray<{ readonly id: string, readonly key: string, readonly label: string }>, readonly job: { readonly id: string, readonly status: JobStatus, readonly progress: { readonly stage: JobStage, readonly fraction: number } } }
    | { readonly __typename: 'JobStatusChanged', readonly status: JobStatus, readonly attempt: number | null, readonly seq: number, readonly time: string, readonly job: { readonly id: string, readonly status: JobStatus, readonly progress: { readonly stage: JobStage, readonly fraction: number } } }
    | { readonly __typename: 'JobTranscriptCleared', readonly attempt: number | null, readonly seq: number, readonly time: string, readonly job: { readonly id: string, readonly status: JobStatus, readonly progress: { readonly stage: JobStage, readonly fraction: number } } }
   };

export type JobStateFragment = { readonly id: string, readonly status: JobStatus, readonly title: string | null, readonly media: { readonly name: string, readonly durationSeconds: number | null, readonly url: string | null }, readonly progress: { readonly stage: JobStage, readonly fraction: number }, readonly language: { readonly code: string } | null, readonly failure: { readonly code: FailureCode, readonly message: string, readonly hint: string | null } | null };

export type SegmentTextFragment = { readonly index: number, readonly startSeconds: number, readonly endSeconds: number, readonly text: string, readonly speaker: string | null, readonly language: string | null };

export const JobStateFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobState"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"durationSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"}},{"kind":"Field","name":{"kind":"Name","value":"fraction"}}]}},{"kind":"Field","name":{"kind":"Name","value":"language"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]}}]} as unknown as DocumentNode<JobStateFragment, unknown>;
export const SegmentTextFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SegmentText"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Segment"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"index"}},{"kind":"Field","name":{"kind":"Name","value":"startSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"endSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"speaker"}},{"kind":"Field","name":{"kind":"Name","value":"language"}}]}}]} as unknown as DocumentNode<SegmentTextFragment, unknown>;
export const TranscribeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Transcribe"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"TranscribeInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"transcribe"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"TranscribeSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"existing"}},{"kind":"Field","name":{"kind":"Name","value":"job"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobState"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobState"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"durationSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"}},{"kind":"Field","name":{"kind":"Name","value":"fraction"}}]}},{"kind":"Field","name":{"kind":"Name","value":"language"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]}}]} as unknown as DocumentNode<TranscribeMutation, TranscribeMutationVariables>;
export const JobDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Job"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"job"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobState"}},{"kind":"Field","name":{"kind":"Name","value":"lastEventSeq"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobState"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"media"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"durationSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"}},{"kind":"Field","name":{"kind":"Name","value":"fraction"}}]}},{"kind":"Field","name":{"kind":"Name","value":"language"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}}]}}]}}]} as unknown as DocumentNode<JobQuery, JobQueryVariables>;
export const JobEventsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"JobEvents"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"SafeInt"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"jobEvents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"seq"}},{"kind":"Field","name":{"kind":"Name","value":"time"}},{"kind":"Field","name":{"kind":"Name","value":"job"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"}},{"kind":"Field","name":{"kind":"Name","value":"fraction"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JobStatusChanged"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"attempt"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JobProgressed"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"fraction"}},{"kind":"Field","name":{"kind":"Name","value":"processedSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"etaSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"speed"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JobLanguageDetected"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"language"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"probability"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JobSegmentsAdded"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"segments"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"SegmentText"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JobTranscriptCleared"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"attempt"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JobSegmentsChanged"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"segments"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"SegmentText"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JobSpeakersChanged"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"speakers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"key"}},{"kind":"Field","name":{"kind":"Name","value":"label"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SegmentText"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Segment"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"index"}},{"kind":"Field","name":{"kind":"Name","value":"startSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"endSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"speaker"}},{"kind":"Field","name":{"kind":"Name","value":"language"}}]}}]} as unknown as DocumentNode<JobEventsSubscription, JobEventsSubscriptionVariables>;