import type { GraphQLSchema } from 'graphql';
import type { RequestContext } from '#resolvers/context.ts';

/** What only the role ADMIN may do. */
const adminActions = [
  'cancelDownload',
  'downloadModel',
  'pauseQueue',
  'removeModel',
  'restart',
  'resumeQueue',
  'setConfig',
];

/** Has the log tell who did which of them, with what, as `audit.` and its name: once it is done, and not where it was refused. */
export function auditMutations(schema: GraphQLSchema): GraphQLSchema {
  const fields = schema.getMutationType()?.getFields() ?? {};
  for (const name of adminActions) {
    const field = fields[name];
    const resolve = field?.resolve;
    if (field === undefined || resolve === undefined) throw new Error(`The schema has no mutation ${name}.`);
    field.resolve = async (source, args, context: RequestContext, info) => {
      const result: unknown = await resolve(source, args, context, info);
      if (!isRefusal(result)) context.log.info({ caller: context.caller.name, arguments: args }, `audit.${name}`);
      return result;
    };
  }
  return schema;
}

/** By the field that every expected error has: what the errors plugin makes of one is no `Error` any more. */
function isRefusal(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'code' in result;
}
