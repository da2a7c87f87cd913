import { type CurrentSettings, listModes, type ModeInfo, readConfig, setConfig } from '#resolvers/config.ts';
import { namesOfMediaRoots } from '#resolvers/media-files.ts';
import type { Config as Settings } from '#src/config/config.ts';
import { InvalidInputError, ModelNotInstalledError } from '#src/errors.ts';
import { computePowers } from '#src/jobs/job.ts';
import { type LanguageCode, languageCodes, languageName } from '#src/jobs/languages.ts';
import { transcriptFormats } from '#src/jobs/transcript.ts';
import { checkedByResolver } from './bounds.ts';
import { builder } from './builder.ts';
import { ComputePowerType, TranscriptFormatType, TranscriptionModeType } from './enums.ts';
import { Node } from './node.ts';

const Config = builder.objectRef<CurrentSettings>('Config').implement({
  description: 'Defaults for jobs to come: config.json and the environment, with the overrides of setConfig over them.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Always config, so that client caches join updates.' }),
    mode: t.expose('mode', { type: TranscriptionModeType, description: 'Mode for jobs that name none.' }),
    computePower: t.expose('computePower', {
      type: ComputePowerType,
      description: 'Where the engine runs for jobs that do not say.',
    }),
    numJobs: t.exposeInt('numJobs', { description: 'How many jobs run at the same time.' }),
    language: t.exposeString('language', {
      nullable: true,
      description: 'Language for jobs that name none; null = detect.',
    }),
    wordTimestamps: t.exposeBoolean('wordTimestamps', {
      description: 'Whether segments carry words with times, for jobs that do not say.',
    }),
    vad: t.exposeBoolean('vad', {
      description: 'Whether stretches without speech are left out, for jobs that do not say.',
    }),
    retentionDays: t.exposeInt('retentionDays', {
      nullable: true,
      description: 'Days after which finished jobs are deleted, within an hour; null = they are kept for ever.',
    }),
    paused: t.exposeBoolean('paused', {
      description: 'Whether no job is begun, because of pauseQueue. Those that run go on.',
    }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When setConfig, pauseQueue or resumeQueue last changed something; null = never.',
    }),
  }),
});

const Limits = builder.objectRef<Settings['server']>('Limits').implement({
  description: 'What the server takes.',
  fields: (t) => ({
    maxUploadBytes: t.expose('maxUploadBytes', { type: 'SafeInt', description: 'Largest upload.' }),
    maxDurationSeconds: t.float({
      description: 'Longest recording.',
      resolve: ({ maxDurationHours }) => maxDurationHours * 3600,
    }),
    maxQueued: t.exposeInt('maxQueued', { description: 'How many jobs may wait at the same time.' }),
  }),
});

const ModeOption = builder.objectRef<ModeInfo>('ModeOption').implement({
  description: 'What a mode stands for on this server.',
  fields: (t) => ({
    mode: t.expose('mode', { type: TranscriptionModeType, description: 'The mode.' }),
    model: t.exposeString('model', { description: 'Whisper model.' }),
    gpuBatchSize: t.exposeInt('gpuBatchSize', { description: 'Clips decoded together on a GPU.' }),
    cpuBatchSize: t.exposeInt('cpuBatchSize', { description: 'Clips decoded together on the CPU.' }),
    gpuComputeType: t.exposeString('gpuComputeType', {
      description: 'CTranslate2 compute type on a GPU, such as float16.',
    }),
    cpuComputeType: t.exposeString('cpuComputeType', {
      description: 'CTranslate2 compute type on the CPU, such as int8.',
    }),
    installed: t.exposeBoolean('installed', {
      description: 'Whether the model is there, so that the mode can be used.',
    }),
    description: t.string({
      description: 'What it is for, in a sentence.',
      resolve: ({ mode, model }) => `${purposes[mode]} Model ${model}.`,
    }),
  }),
});

const purposes: Readonly<Record<ModeInfo['mode'], string>> = {
  HIGH_ACCURACY: 'The best text; wants a GPU.',
  LOW_LATENCY: 'Quicker, good text.',
  TURBO: 'Nearly the best text, several times as fast; does not translate.',
  COMPACT: 'Runs on any CPU.',
};

const IntRange = builder
  .objectRef<{ readonly min: number; readonly max: number; readonly default: number }>('IntRange')
  .implement({
    description: 'Allowed whole numbers.',
    fields: (t) => ({
      min: t.exposeInt('min', { description: 'Smallest.' }),
      max: t.exposeInt('max', { description: 'Largest.' }),
      default: t.exposeInt('default', { description: 'The value of config.json.' }),
    }),
  });

const Language = builder.objectRef<LanguageCode>('Language').implement({
  description: 'A language that multilingual models know.',
  fields: (t) => ({
    code: t.string({ description: 'Code, such as en.', resolve: (code) => code }),
    name: t.string({ description: 'English name.', resolve: languageName }),
  }),
});

const ConfigOptions = builder.objectRef<Settings>('ConfigOptions').implement({
  description: 'What can be chosen in setConfig and transcribe.',
  fields: (t) => ({
    limits: t.field({ type: Limits, description: 'What the server takes.', resolve: ({ server }) => server }),
    mediaRoots: t.stringList({
      nullable: true,
      description:
        'The folders of recordings on the server, as config.json names them: `root` of mediaFiles is a place in this list, from 0. null for whom mediaFiles refuses.',
      resolve: ({ server }, _, { caller }) => namesOfMediaRoots(server, caller),
    }),
    modes: t.field({
      type: [ModeOption],
      description: 'The modes, most accurate first.',
      resolve: (config, _, { models }) => listModes({ config, models }),
    }),
    computePower: t.field({
      type: [ComputePowerType],
      description: 'The choices for computePower.',
      resolve: () => computePowers,
    }),
    numJobs: t.field({
      type: IntRange,
      description: 'The choices for numJobs.',
      resolve: ({ server, transcription }) => ({ min: 1, max: server.maxNumJobs, default: transcription.numJobs }),
    }),
    languages: t.field({ type: [Language], description: 'The choices for language.', resolve: () => languageCodes }),
    formats: t.field({
      type: [TranscriptFormatType],
      description: 'The formats of transcript.',
      resolve: () => transcriptFormats,
    }),
  }),
});

builder.queryFields((t) => ({
  config: t.field({
    authScopes: { read: true },
    type: Config,
    description: 'Defaults for jobs to come.',
    resolve: (_, __, context) => readConfig(context),
  }),
  configOptions: t.field({
    authScopes: { read: true },
    type: ConfigOptions,
    description: 'What can be chosen in setConfig and transcribe.',
    resolve: (_, __, { config }) => config,
  }),
}));

const ConfigInput = builder.inputType('ConfigInput', {
  description:
    'Absent = unchanged. null = back to the value of config.json, except language (null = detect) and retentionDays (null = keep for ever).',
  fields: (t) => ({
    mode: t.field({ type: TranscriptionModeType, description: 'Mode for jobs that name none.' }),
    computePower: t.field({ type: ComputePowerType, description: 'Where the engine runs for jobs that do not say.' }),
    numJobs: t.int({ description: 'How many jobs run at the same time, within configOptions.numJobs.' }),
    language: t.string({
      extensions: checkedByResolver,
      description: 'Language for jobs that name none, a code of at most 3 letters; null = detect.',
    }),
    wordTimestamps: t.boolean({ description: 'Whether segments carry words with times, for jobs that do not say.' }),
    vad: t.boolean({ description: 'Whether stretches without speech are left out, for jobs that do not say.' }),
    retentionDays: t.int({
      description: 'Days after which finished jobs are deleted, 1 to 36,500; null = they are kept for ever.',
    }),
  }),
});

const SetConfigSuccess = builder.objectRef<{ readonly config: CurrentSettings }>('SetConfigSuccess').implement({
  description: 'The settings hold from now on, for jobs to come, also after a restart.',
  fields: (t) => ({ config: t.expose('config', { type: Config, description: 'The settings as they hold now.' }) }),
});

builder.mutationField('setConfig', (t) =>
  t.field({
    authScopes: { administer: true },
    type: SetConfigSuccess,
    description: 'Changes defaults for jobs to come. All of it or nothing.',
    args: { input: t.arg({ type: ConfigInput, required: true, description: 'What to change.' }) },
    errors: {
      types: [InvalidInputError, ModelNotInstalledError],
      union: { name: 'SetConfigResult', description: 'The settings, or why they were not changed.' },
    },
    resolve: async (_, { input }, context) => ({ config: await setConfig(input, context) }),
  }),
);
