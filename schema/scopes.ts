import type { GraphQLField, GraphQLSchema } from 'graphql';
import type { RequestContext } from '#resolvers/context.ts';
import type { Role } from '#src/config/api-key.ts';
import { RequestError } from '#src/errors.ts';

const rolesOf = {
  read: ['ADMIN', 'USER', 'READER'],
  /** What is of every job together, or of the machines behind them. */
  oversee: ['ADMIN', 'READER'],
  write: ['ADMIN', 'USER'],
  administer: ['ADMIN'],
} as const satisfies Readonly<Record<string, readonly Role[]>>;

/** What a field asks of who uses it. Each field of Query, Mutation and Subscription names one. */
export type Scope = keyof typeof rolesOf;

/** Whether a role may use what asks for a scope. */
export function allows(scope: Scope, role: Role): boolean {
  const roles: readonly Role[] = rolesOf[scope];
  return roles.includes(role);
}

/** The scope that a field names. Throws where it names none: then nobody has said who may use it. */
export function scopeOf({ name, extensions }: Pick<GraphQLField<unknown, unknown>, 'name' | 'extensions'>): Scope {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- where Pothos keeps the options of a field
  const { authScopes = {} } = extensions['pothosOptions'] as { readonly authScopes?: object };
  const [scope, ...more] = Object.keys(authScopes);
  if (isScope(scope) && more.length === 0) return scope;
  throw new Error(`The field ${name} names no scope: who may use it?`);
}

/** Has each mutation ask whether its caller still is one: those of one operation run one after the other, and a key may end in between. */
export function askCallers(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field;
    field.resolve = (source, args, context: RequestContext, info) => {
      requireCaller(context);
      return resolve?.(source, args, context, info);
    };
  }
  return schema;
}

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

/** Throws UNAUTHENTICATED where somebody who was let in is a caller no more. */
export function requireCaller({ keys, caller }: Pick<RequestContext, 'keys' | 'caller'>): void {
  if (!keys.isCaller(caller)) throw new RequestError('UNAUTHENTICATED', 'This API key has ended.');
}

function isScope(name: string | undefined): name is Scope {
  return name !== undefined && Object.hasOwn(rolesOf, name);
}

/** By the field that every expected error has: what the errors plugin makes of one is no `Error` any more. */
function isRefusal(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'code' in result;
}
