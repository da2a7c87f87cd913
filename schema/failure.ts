import type { JobFailure as FailureShape } from '#src/jobs/job.ts';
import { builder } from './builder.ts';
import { FailureCodeType } from './enums.ts';

export const JobFailure = builder.objectRef<FailureShape>('JobFailure').implement({
  description: 'Why a job is FAILED.',
  fields: (t) => ({
    code: t.expose('code', { type: FailureCodeType, description: 'The reason, for programs.' }),
    message: t.exposeString('message', { description: 'One sentence for a person, without paths of the server.' }),
    hint: t.exposeString('hint', { nullable: true, description: 'What to do about it.' }),
    retryable: t.exposeBoolean('retryable', { description: 'Whether the same job may well succeed later.' }),
  }),
});
