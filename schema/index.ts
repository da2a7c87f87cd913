import './scalars.ts';
import './errors.ts';
import './jobs.ts';
import './config.ts';
import './server.ts';
import './search.ts';
import './logs.ts';
import './model.ts';
import './transcribe.ts';
import './change-job.ts';
import './update-job.ts';
import './delete-job.ts';
import './queue.ts';
import './set-config.ts';
import './restart.ts';
import './job-event.ts';
import { builder } from './builder.ts';

/** The GraphQL schema, made of every file of this folder. */
export const schema = builder.toSchema();
