import type { GraphQLResolveInfo } from 'graphql';

/**
 * Names of the arguments that the request itself gives a field, null included; those that stand at their default are not among them.
 *
 * Paging needs it: `first` has a default, and `last` alone must not count as both.
 */
export function givenArguments({ fieldNodes, variableValues }: GraphQLResolveInfo): ReadonlySet<string> {
  const given = (fieldNodes[0]?.arguments ?? []).filter(
    ({ value }) => value.kind !== 'Variable' || value.name.value in variableValues.coerced,
  );
  return new Set(given.map(({ name }) => name.value));
}
