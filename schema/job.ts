import { eventsUrl, listSegments, mediaUrl } from '#resolvers/jobs.ts';
import { listJobLogs } from '#resolvers/logs.ts';
import { estimateStart } from '#resolvers/queue.ts';
import { readTranscript, transcriptUrl } from '#resolvers/transcript.ts';
import { sees } from '#src/config/api-key.ts';
import type {
  Attempt as AttemptShape,
  AudioTrack as TrackShape,
  Clip as ClipShape,
  DetectedLanguage as LanguageShape,
  Job as JobShape,
  JobFailure as FailureShape,
  Media as MediaShape,
  Progress as ProgressShape,
  TranscriptionOptions as OptionsShape,
} from '#src/jobs/job.ts';
import { builder, explicitArguments } from './builder.ts';
import {
  AttemptOutcomeType,
  ChannelModeType,
  ComputePowerType,
  FailureCodeType,
  JobStageType,
  JobStatusType,
  TaskType,
  TranscriptFormatType,
  TranscriptionModeType,
} from './enums.ts';
import { LogConnection } from './logs.ts';
import { Node } from './node.ts';
import { SegmentConnection, Speaker } from './segment.ts';

export const Progress = builder.objectRef<ProgressShape>('Progress').implement({
  description: 'How far a job is.',
  fields: (t) => ({
    stage: t.expose('stage', { type: JobStageType, description: 'What is being done.' }),
    fraction: t.exposeFloat('fraction', {
      description:
        '0 to 1, never goes back within an attempt, 1 only when COMPLETED; a FAILED or CANCELLED job keeps what it had, at stage DONE. While DOWNLOADING, how much of the recording is there, 0 as long as its size is not told.',
    }),
    processedSeconds: t.exposeFloat('processedSeconds', {
      description: 'Seconds of the recording whose text is final.',
    }),
    etaSeconds: t.exposeFloat('etaSeconds', {
      nullable: true,
      description: 'Seconds to go; null until it can be told from at least one finished batch.',
    }),
    speed: t.exposeFloat('speed', {
      nullable: true,
      description: 'Seconds of audio per second of wall time over the last batches.',
    }),
  }),
});

export const DetectedLanguage = builder.objectRef<LanguageShape>('DetectedLanguage').implement({
  description: 'The language of a recording.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'A code of configOptions.languages.' }),
    probability: t.exposeFloat('probability', {
      description: 'How sure the model is, 0 to 1; 1 where the client named the language.',
    }),
  }),
});

const Clip = builder.objectRef<ClipShape>('Clip').implement({
  description: 'Part of a recording.',
  fields: (t) => ({
    startSeconds: t.exposeFloat('startSeconds', { description: 'Begin, in seconds from the start of the recording.' }),
    endSeconds: t.exposeFloat('endSeconds', {
      nullable: true,
      description: 'End, in seconds from the start of the recording; null = to its end.',
    }),
  }),
});

const TranscriptionOptions = builder.objectRef<OptionsShape>('TranscriptionOptions').implement({
  description: 'What was asked for, with every default filled in when the job was accepted.',
  fields: (t) => ({
    mode: t.expose('mode', { type: TranscriptionModeType, description: 'The mode.' }),
    model: t.exposeID('model', { description: "The model: the mode's, or the one that was named." }),
    computePower: t.expose('computePower', { type: ComputePowerType, description: 'Where the engine may run.' }),
    language: t.exposeString('language', { nullable: true, description: 'Code of the language; null = detect.' }),
    multilingual: t.exposeBoolean('multilingual', {
      description: 'Whether the language is detected from pause to pause.',
    }),
    task: t.expose('task', { type: TaskType, description: 'Transcribe, or translate into English.' }),
    wordTimestamps: t.exposeBoolean('wordTimestamps', { description: 'Whether words with times were asked for.' }),
    vad: t.exposeBoolean('vad', {
      description: 'Whether stretches without speech are left out (voice activity detection).',
    }),
    channels: t.expose('channels', { type: ChannelModeType, description: 'What becomes of several channels.' }),
    initialPrompt: t.exposeString('initialPrompt', {
      nullable: true,
      description: 'Text that sets style and spelling, at most 2,000 characters.',
    }),
    hotwords: t.exposeString('hotwords', {
      nullable: true,
      description: 'Words that are likely to be said, at most 2,000 characters.',
    }),
    beamSize: t.exposeInt('beamSize', { description: 'How many candidate texts the decoder keeps, 1 to 10.' }),
    track: t.exposeInt('track', {
      nullable: true,
      description: 'The track of sound that was asked for; null = the default one that is not silent.',
    }),
    diarize: t.exposeBoolean('diarize', { description: 'Whether the speakers are told apart.' }),
    minSpeakers: t.exposeInt('minSpeakers', {
      nullable: true,
      description: 'How many there are at least; null = unknown.',
    }),
    maxSpeakers: t.exposeInt('maxSpeakers', {
      nullable: true,
      description: 'How many there are at most; null = unknown.',
    }),
    clip: t.expose('clip', { type: Clip, nullable: true, description: 'The part to transcribe; null = all of it.' }),
  }),
});

const AudioTrack = builder.objectRef<TrackShape>('AudioTrack').implement({
  description: 'A track of sound in a container.',
  fields: (t) => ({
    index: t.exposeInt('index', {
      description: '0, 1, 2 ... among the tracks of sound, as `track` of transcribe takes it.',
    }),
    title: t.exposeString('title', { nullable: true, description: 'What the container calls it.' }),
    language: t.exposeString('language', {
      nullable: true,
      description: 'The language that the container tells, as it tells it.',
    }),
    codec: t.exposeString('codec', { nullable: true, description: 'Audio codec, such as aac.' }),
    channels: t.exposeInt('channels', { nullable: true, description: 'Number of audio channels.' }),
    default: t.exposeBoolean('default', { description: 'Whether the container marks it as the one to play.' }),
    used: t.exposeBoolean('used', { description: 'Whether it was read.' }),
  }),
});

const Media = builder.objectRef<MediaShape & { readonly job: JobShape }>('Media').implement({
  description: 'The recording of a job. What only its content can show is null until the engine has looked.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'File name, without a path.' }),
    bytes: t.expose('bytes', {
      type: 'SafeInt',
      nullable: true,
      description: 'Size when the job was accepted; null until a recording that is given by URL is there.',
    }),
    durationSeconds: t.exposeFloat('durationSeconds', {
      nullable: true,
      description: 'Length: what the container says, and what was really decoded once the end is reached.',
    }),
    sha256: t.exposeString('sha256', {
      nullable: true,
      description: 'SHA-256 of the bytes in hexadecimal; null where the server did not receive them itself.',
    }),
    container: t.exposeString('container', { nullable: true, description: 'Container format, such as mp3, wav, asf.' }),
    codec: t.exposeString('codec', { nullable: true, description: 'Audio codec, such as flac, wmav2.' }),
    sampleRate: t.exposeInt('sampleRate', { nullable: true, description: 'Samples per second and channel.' }),
    channels: t.exposeInt('channels', { nullable: true, description: 'Number of audio channels.' }),
    tracks: t.expose('tracks', {
      type: [AudioTrack],
      description:
        'Sound tracks of a container; the one that was read has used true. Empty until the engine has looked.',
    }),
    peaks: t.field({
      type: ['Float'],
      nullable: true,
      extensions: { cost: 500, maxTimes: 20 },
      description:
        'Loudness of the recording for drawing a waveform: at most 4,000 values from 0 to 1, each the peak of an equal part. Null until it was read to its end.',
      resolve: ({ job }, _, { loaders }) => loaders.peaks.load(job.id),
    }),
    warnings: t.exposeStringList('warnings', {
      description: 'Such as a recording that ends before its declared length.',
    }),
    url: t.string({
      nullable: true,
      description:
        "Where a player, an <audio> element included, takes the recording from, with range requests: a path relative to the server's address, such as /jobs/job_.../media, valid and the same like transcriptUrl. Null where the server does not keep it any more, or where the file under a media root is gone or has another size.",
      resolve: ({ job }, _, context) => mediaUrl(job, context),
    }),
  }),
});

const JobFailure = builder.objectRef<FailureShape>('JobFailure').implement({
  description: 'Why a job is FAILED.',
  fields: (t) => ({
    code: t.expose('code', { type: FailureCodeType, description: 'The reason, for programs.' }),
    message: t.exposeString('message', { description: 'One sentence for a person, without paths of the server.' }),
    hint: t.exposeString('hint', { nullable: true, description: 'What to do about it.' }),
    retryable: t.exposeBoolean('retryable', { description: 'Whether the same job may well succeed later.' }),
  }),
});

const Attempt = builder.objectRef<AttemptShape>('Attempt').implement({
  description: 'One run of the engine for a job.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: '1, 2, 3 ... within the job.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its last process was gone; null while it runs.',
    }),
    outcome: t.expose('outcome', {
      type: AttemptOutcomeType,
      nullable: true,
      description: 'How it ended; null while it runs.',
    }),
    device: t.exposeString('device', { nullable: true, description: 'cpu or cuda; null until it is chosen.' }),
    worker: t.exposeString('worker', {
      authScopes: { oversee: true },
      unauthorizedResolver: () => null,
      nullable: true,
      description: 'Name of the server process that ran it; null for a USER.',
    }),
    provenance: t.expose('provenance', {
      type: 'JSON',
      nullable: true,
      description:
        'Versions and settings that decided the text: faster-whisper, CTranslate2, model and its hash, compute type, threads.',
    }),
    exitCode: t.exposeInt('exitCode', {
      nullable: true,
      description: 'Exit code of the engine; null where a signal ended it.',
    }),
    signal: t.exposeString('signal', { nullable: true, description: 'Signal that ended the engine, such as SIGKILL.' }),
    peakMemoryBytes: t.expose('peakMemoryBytes', {
      type: 'SafeInt',
      nullable: true,
      description: 'The most memory that the engine held.',
    }),
  }),
});

export const Job = builder.objectRef<JobShape>('Job');

builder.objectType(Job, {
  description: 'One recording to transcribe, with its options. It outlives every process that works at it.',
  interfaces: [Node],
  // However it was found: see resolvers/visibility.ts.
  authScopes: (job, { caller }) => sees(caller, job),
  fields: (t) => ({
    id: t.exposeID('id', { description: 'job_ and 21 URL-safe characters.' }),
    status: t.expose('status', { type: JobStatusType, description: 'Where it is in its life.' }),
    owner: t.exposeString('owner', {
      nullable: true,
      description: 'Name of the API key that it was submitted with; null where none was needed.',
    }),
    title: t.exposeString('title', {
      nullable: true,
      description: 'What the client calls it, at most 500 characters.',
    }),
    metadata: t.expose('metadata', {
      type: 'JSON',
      nullable: true,
      description: 'Free key/value pairs given by the client, at most 50.',
    }),
    tags: t.exposeStringList('tags', { description: 'Words given by the client, at most 50 of 100 characters.' }),
    priority: t.exposeInt('priority', { description: 'Higher runs sooner; -1,000 to 1,000, 0 unless given.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was accepted.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description:
        'Of the last change of status, progress, labels, language, speakers or text. By a clock that never goes back: of two changes, of whatever jobs, the later has the later time.',
    }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When an engine was first started for it.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it became COMPLETED, FAILED or CANCELLED.',
    }),
    cancelRequestedAt: t.expose('cancelRequestedAt', {
      type: 'DateTime',
      nullable: true,
      description: "Set from the moment a cancel was asked for: a page shows 'cancelling'.",
    }),
    estimatedStartAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'For a queued job, from the queue before it and the time that the last completed jobs took; null when it cannot be told, as before the first job is done and while the queue is paused.',
      resolve: (job, _, context) => estimateStart(job, context),
    }),
    media: t.field({
      type: Media,
      description: 'The recording.',
      resolve: (job) => ({ ...job.media, job }),
    }),
    options: t.expose('options', {
      type: TranscriptionOptions,
      description: 'What was asked for, with every default filled in.',
    }),
    progress: t.expose('progress', { type: Progress, description: 'How far it is.' }),
    queuePosition: t.int({
      nullable: true,
      description:
        '1 = next to run; null when not queued, and until a recording that is given by URL is there. Higher priority goes first, then what was begun before, then callers take turns.',
      resolve: ({ id, status }, _, { loaders }) => (status === 'QUEUED' ? loaders.queuePosition.load(id) : null),
    }),
    language: t.expose('language', { type: DetectedLanguage, nullable: true, description: 'Null until known.' }),
    failure: t.expose('failure', { type: JobFailure, nullable: true, description: 'Set when FAILED.' }),
    speakers: t.field({
      type: [Speaker],
      description:
        'Who speaks, in order of appearance; with channels SPLIT one a channel; else empty unless somebody has told by editSegments who speaks.',
      resolve: ({ id }, _, { loaders }) => loaders.speakers.load(id),
    }),
    edited: t.exposeBoolean('edited', {
      description:
        "True while any text, time or speaker of a segment differs from the engine's; names of speakers alone do not count.",
    }),
    attempts: t.field({
      type: [Attempt],
      description: 'Every run of the engine for this job, oldest first.',
      resolve: ({ id }, _, { loaders }) => loaders.attempts.load(id),
    }),
    lastEventSeq: t.expose('lastEventSeq', {
      type: 'SafeInt',
      description: 'Number of the newest event; give it as `after` to follow from here.',
    }),
  }),
});

/** How a transcript is written, for the text and for where it is downloaded from. */
function transcriptArguments(t: Parameters<Parameters<typeof builder.objectFields<typeof Job>>[1]>[0]) {
  return {
    format: t.arg({ type: TranscriptFormatType, defaultValue: 'TXT', description: 'How it is written.' }),
    maxLineWidth: t.arg.int({
      description: 'Columns of a line in SRT, VTT and ASS, 8 to 1,000; full-width characters take two. Absent = 42.',
    }),
    maxLineCount: t.arg.int({
      description: 'Lines of a cue in SRT, VTT and ASS, 1 to 100; longer text becomes several cues. Absent = 2.',
    }),
    maxCharactersPerSecond: t.arg.float({
      description:
        'Reading speed in SRT, VTT and ASS, in columns a second, 1 to 1,000: a cue stands for as long, where the next one leaves the time. Absent = 17.',
    }),
    minCueSeconds: t.arg.float({
      description: 'Seconds that a cue of SRT, VTT and ASS stands at least, 0 to 60. Absent = 1.',
    }),
    maxCueSeconds: t.arg.float({
      description:
        'Seconds that a cue of SRT, VTT and ASS stands at most, 1 to 3,600; what is longer becomes several cues where it has several words. Absent = 7.',
    }),
    speakers: t.arg.boolean({
      description:
        'Say who speaks, by the label of the speaker, where it is known. Absent = false; JSON and CSV always tell.',
    }),
  };
}

builder.objectFields(Job, (t) => ({
  segments: t.field({
    type: SegmentConnection,
    description: 'Segments so far (while WORKING) or all of them, in the order of time; keyset-paged.',
    args: {
      first: t.arg.int({ defaultValue: 100, description: 'How many, 1 to 1,000.' }),
      after: t.arg.string({ description: 'Cursor: what comes after it. CURSOR_EXPIRED after JobTranscriptCleared.' }),
    },
    resolve: ({ id }, args, context, info) =>
      listSegments({ ...args, jobId: id, given: explicitArguments(info) }, context),
  }),
  transcript: t.string({
    nullable: true,
    extensions: { cost: 500, maxTimes: 20 },
    description:
      'The transcript rendered on request from the stored segments. Null until the job has at least one segment or is COMPLETED. GET /jobs/ID/transcript.srt (.txt, .vtt ...) answers with the same as a file, piece by piece.',
    args: transcriptArguments(t),
    resolve: (job, args, context) => readTranscript(job, args, context),
  }),
  transcriptUrl: t.string({
    description:
      "Where the same is downloaded from, as a file: a path relative to the server's address, that a link or a player can use as it is for 12 to 18 hours, also where API keys are needed. The same for 6 hours, so that caches and players keep it; it ends with the key of the caller.",
    args: transcriptArguments(t),
    resolve: (job, args, context) => transcriptUrl(job, args, context),
  }),
  eventsUrl: t.string({
    description:
      'jobEvents as text/event-stream for a plain EventSource: the id of an event is its seq, and Last-Event-ID goes before `after`. An event `complete` follows the last of a job that is finished. Valid like transcriptUrl.',
    args: {
      after: t.arg({
        type: 'SafeInt',
        description: 'Number of the last event that the client has; absent = from the first.',
      }),
    },
    resolve: (job, { after }, context) => eventsUrl(job, after, context),
  }),
  logs: t.field({
    type: LogConnection,
    description: 'Log lines about this job, oldest first.',
    args: {
      first: t.arg.int({ defaultValue: 100, description: 'How many, 1 to 1,000.' }),
      after: t.arg.string({ description: 'Cursor: only what comes after it.' }),
    },
    resolve: ({ id }, args, context, info) =>
      listJobLogs({ ...args, jobId: id, given: explicitArguments(info) }, context),
  }),
}));
