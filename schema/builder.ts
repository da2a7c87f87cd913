import SchemaBuilder from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { GraphQLError, type GraphQLResolveInfo, GraphQLScalarType } from 'graphql';
import { DateTimeResolver, JSONResolver, SafeIntResolver } from 'graphql-scalars';
import type { RequestContext } from '#resolvers/context.ts';
import { RequestError } from '#src/errors.ts';
import { Upload } from '#src/media/upload.ts';
import { allows, type Scope } from './scopes.ts';

/** The one builder that every file of this folder adds its types to. */
export const builder = new SchemaBuilder<{
  DefaultFieldNullability: false;
  DefaultEdgesNullability: false;
  DefaultNodeNullability: false;
  Context: RequestContext;
  AuthScopes: Record<Scope, boolean>;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    SafeInt: { Input: number; Output: number };
    JSON: { Input: unknown; Output: unknown };
    File: { Input: Upload; Output: never };
  };
}>({
  // In this order: what the scopes forbid is no expected error, and not a member of a union.
  plugins: [ScopeAuthPlugin, ErrorsPlugin, RelayPlugin],
  scopeAuth: {
    authorizeOnSubscribe: true,
    // Once for each job of an answer, and not for each of its fields.
    runScopesOnType: true,
    authScopes: ({ caller: { role } }) => ({
      read: allows('read', role),
      oversee: allows('oversee', role),
      write: allows('write', role),
      administer: allows('administer', role),
    }),
    unauthorizedError: (_, { caller }) =>
      new RequestError('FORBIDDEN', `An API key of the role ${caller.role} does not allow this.`),
  },
  defaultFieldNullability: false,
  errors: { directResult: true },
  relay: {
    cursorType: 'String',
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    nodeTypeOptions: { name: 'RelayNode' },
    edgesFieldOptions: { nullable: false, description: 'The items of this page, in the order of the list.' },
    nodeFieldOptions: { nullable: false, description: 'The item.' },
    cursorFieldOptions: { description: 'Opaque place of the item in its list, for `after` and `before`.' },
    pageInfoFieldOptions: { nullable: false, description: 'Where the page lies in the list.' },
    pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
    hasNextPageFieldOptions: { description: 'Whether the list has items after this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether the list has items before this page.' },
    startCursorFieldOptions: { description: 'Cursor of the first item; null for an empty page.' },
    endCursorFieldOptions: { description: 'Cursor of the last item; null for an empty page.' },
  },
});

builder.queryType({ description: 'What can be read.' });
builder.mutationType({
  description:
    'What can be changed. Where something can be wrong that a caller can act on, the answer is a union of the success and these errors.',
});
builder.subscriptionType({
  description: 'What can be followed live, over WebSocket (graphql-transport-ws) and server-sent events.',
});

/** Describes a scalar of graphql-scalars in our words. */
function described<Input, Output>(scalar: GraphQLScalarType<Input, Output>, name: string, description: string) {
  return new GraphQLScalarType<Input, Output>({ ...scalar.toConfig(), name, description, extensions: {} });
}

builder.addScalarType(
  'DateTime',
  described(DateTimeResolver, 'DateTime', 'Instant in RFC 3339, UTC, such as 2026-01-31T09:30:00.000Z.'),
);
builder.addScalarType(
  'SafeInt',
  described(SafeIntResolver, 'SafeInt', 'Whole number up to 2^53 - 1, for byte counts and sequence numbers.'),
);
builder.addScalarType('JSON', described(JSONResolver, 'JSON', 'Any JSON value.'));

builder.scalarType('File', {
  description: 'Multipart upload, per the GraphQL multipart request specification.',
  parseValue(value) {
    if (value instanceof Upload) return value;
    throw new GraphQLError('A File is sent as a part of a multipart/form-data request.', {
      extensions: { code: 'BAD_USER_INPUT' },
    });
  },
  parseLiteral() {
    throw new GraphQLError('A File is given by a variable.', { extensions: { code: 'BAD_USER_INPUT' } });
  },
  serialize() {
    throw new GraphQLError('A File is never an answer.');
  },
});

/**
 * Names of the arguments that the request itself gives a field, null included; those that stand at their default are not among them.
 *
 * Paging needs it: `first` has a default, and `last` alone must not count as both.
 */
export function explicitArguments({ fieldNodes, variableValues }: GraphQLResolveInfo): ReadonlySet<string> {
  const given = (fieldNodes[0]?.arguments ?? []).filter(
    ({ value }) => value.kind !== 'Variable' || value.name.value in variableValues.coerced,
  );
  return new Set(given.map(({ name }) => name.value));
}
