import type { GraphQLSchema } from 'graphql';
import type { RequestContext } from '#resolvers/context.ts';
import { scopeOf } from './scopes.ts';

/**
 * Has the log tell who did which of the mutations that only an ADMIN may do, with what, as `audit.` and its name: once it is done, and not where it was
 * refused.
 */
export function auditMutations(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { name, resolve } = field;
    if (resolve === undefined || scopeOf(field) !== 'administer') continue;
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
