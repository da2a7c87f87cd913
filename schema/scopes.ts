import type { GraphQLField } from 'graphql';
import type { Role } from '#src/config/api-key.ts';

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

function isScope(name: string | undefined): name is Scope {
  return name !== undefined && Object.hasOwn(rolesOf, name);
}
