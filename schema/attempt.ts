import type { Attempt as AttemptShape } from '#src/jobs/job.ts';
import { builder } from './builder.ts';
import { AttemptOutcomeType } from './enums.ts';

export const Attempt = builder.objectRef<AttemptShape>('Attempt').implement({
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
    worker: t.exposeString('worker', { nullable: true, description: 'Name of the server process that ran it.' }),
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
