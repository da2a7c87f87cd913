import './access.ts';
import { boundArguments } from './bounds.ts';
import { builder } from './builder.ts';
import './change-job.ts';
import './config.ts';
import './editing.ts';
import './errors.ts';
import './job-event.ts';
import './jobs.ts';
import './logs.ts';
import './media-files.ts';
import './model.ts';
import './node.ts';
import { askCallers, auditMutations } from './scopes.ts';
import './search.ts';
import './server.ts';
import './transcribe.ts';
import './webhooks.ts';

/** The GraphQL schema, made of every file of this folder. */
export const schema = askCallers(auditMutations(boundArguments(builder.toSchema())));
