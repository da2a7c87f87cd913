import type { CacheExchangeOpts } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import schema from './introspection.json' with { type: 'json' };

const roots = [schema.__schema.queryType, schema.__schema.mutationType, schema.__schema.subscriptionType];
const isRoot = (type: { readonly name: string }) => roots.some(({ name }) => name === type.name);
const withoutId = schema.__schema.types.filter(
  (type) => type.kind === 'OBJECT' && !isRoot(type) && type.fields?.every(({ name }) => name !== 'id'),
);

/**
 * For `cacheExchange(cacheConfig)` of urql's graphcache. Without the schema `... on Error { code message }` is matched by guessing; types without an id
 * belong to the object that they are in; the resolvers join the pages of lists.
 */
export const cacheConfig: CacheExchangeOpts = {
  schema,
  keys: Object.fromEntries(withoutId.map(({ name }) => [name, () => null])),
  resolvers: {
    Query: { jobs: relayPagination(), logs: relayPagination(), search: relayPagination() },
    Job: { segments: relayPagination(), logs: relayPagination() },
  },
};
