import type { Clip as ClipShape, TranscriptionOptions as OptionsShape } from '#src/jobs/job.ts';
import { builder } from './builder.ts';
import { ChannelModeType, ComputePowerType, TaskType, TranscriptionModeType } from './enums.ts';

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

export const TranscriptionOptions = builder.objectRef<OptionsShape>('TranscriptionOptions').implement({
  description: 'What was asked for, with every default filled in when the job was accepted.',
  fields: (t) => ({
    mode: t.expose('mode', { type: TranscriptionModeType, description: 'The mode.' }),
    model: t.exposeID('model', { description: "The model: the mode's, or the one that was named." }),
    computePower: t.expose('computePower', { type: ComputePowerType, description: 'Where the engine may run.' }),
    language: t.exposeString('language', { nullable: true, description: 'Code of the language; null = detect.' }),
    multilingual: t.exposeBoolean('multilingual', { description: 'Whether the language is detected for every clip.' }),
    task: t.expose('task', { type: TaskType, description: 'Transcribe, or translate into English.' }),
    wordTimestamps: t.exposeBoolean('wordTimestamps', {
      description: 'Whether segments carry their words with times.',
    }),
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
    clip: t.expose('clip', { type: Clip, nullable: true, description: 'The part to transcribe; null = all of it.' }),
  }),
});
