import type { InMemoryCacheConfig } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import possibleTypes from './possible-types.json' with { type: 'json' };

/**
 * For `new InMemoryCache(cacheConfig)`. Without possibleTypes `... on Error { code message }` gives nothing; the policies join the pages of lists, and the
 * parts of what has no id.
 */
export const cacheConfig: InMemoryCacheConfig = {
  possibleTypes,
  typePolicies: {
    Query: {
      fields: {
        jobs: relayStylePagination(['filter', 'orderBy']),
        logs: relayStylePagination(['filter']),
        search: relayStylePagination(['query', 'filter']),
      },
    },
    Job: { fields: { segments: relayStylePagination(), logs: relayStylePagination() } },
    EngineStatus: { merge: true },
    Media: { merge: true },
    Progress: { merge: true },
    QueueStatus: { merge: true },
  },
};
