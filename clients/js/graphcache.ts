import type { CacheExchangeOpts } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import possibleTypes from './possible-types.json' with { type: 'json' };
import typesWithoutId from './types-without-id.json' with { type: 'json' };

/**
 * For `cacheExchange(cacheConfig)` of urql's graphcache. Without possibleTypes `... on Error { code message }` gives nothing; types without an id belong to
 * the object that they are in; the resolvers join the pages of lists.
 */
export const cacheConfig: CacheExchangeOpts = {
  possibleTypes,
  keys: Object.fromEntries(typesWithoutId.map((name) => [name, () => null])),
  resolvers: {
    Query: { jobs: relayPagination(), logs: relayPagination(), search: relayPagination() },
    Job: { segments: relayPagination(), logs: relayPagination() },
  },
};
