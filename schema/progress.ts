import type { DetectedLanguage as LanguageShape, Progress as ProgressShape } from '#src/jobs/job.ts';
import { builder } from './builder.ts';
import { JobStageType } from './enums.ts';

export const Progress = builder.objectRef<ProgressShape>('Progress').implement({
  description: 'How far a job is.',
  fields: (t) => ({
    stage: t.expose('stage', { type: JobStageType, description: 'What is being done.' }),
    fraction: t.exposeFloat('fraction', {
      description:
        '0 to 1, never goes back within an attempt, 1 only when COMPLETED; a FAILED or CANCELLED job keeps what it had, at stage DONE.',
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
