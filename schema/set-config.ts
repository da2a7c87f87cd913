import { setConfig, type ConfigReading } from '#resolvers/config.ts';
import { InvalidInputError, ModelNotInstalledError } from '#src/errors.ts';
import { builder } from './builder.ts';
import { Config } from './config.ts';
import { ComputePowerType, TranscriptionModeType } from './enums.ts';

const ConfigInput = builder.inputType('ConfigInput', {
  description:
    'Absent = unchanged. null = back to the value of config.json, except language (null = detect) and retentionDays (null = keep for ever).',
  fields: (t) => ({
    mode: t.field({ type: TranscriptionModeType, description: 'Mode for jobs that name none.' }),
    computePower: t.field({ type: ComputePowerType, description: 'Where the engine runs for jobs that do not say.' }),
    numJobs: t.int({ description: 'How many jobs run at the same time, within configOptions.numJobs.' }),
    language: t.string({ description: 'Language for jobs that name none; null = detect.' }),
    wordTimestamps: t.boolean({ description: 'Whether segments carry words with times, for jobs that do not say.' }),
    vad: t.boolean({ description: 'Whether stretches without speech are left out, for jobs that do not say.' }),
    retentionDays: t.int({
      description: 'Days after which finished jobs are deleted, 1 to 36,500; null = they are kept for ever.',
    }),
  }),
});

const SetConfigSuccess = builder.objectRef<{ readonly config: ConfigReading }>('SetConfigSuccess').implement({
  description: 'The settings hold from now on, for jobs to come, also after a restart.',
  fields: (t) => ({ config: t.expose('config', { type: Config, description: 'The settings as they hold now.' }) }),
});

builder.mutationField('setConfig', (t) =>
  t.field({
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
