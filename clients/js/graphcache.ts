import type { Cache, CacheExchangeOpts } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import schema from './introspection.json' with { type: 'json' };

const roots = [schema.__schema.queryType, schema.__schema.mutationType, schema.__schema.subscriptionType];
const isRoot = (type: { readonly name: string }) => roots.some(({ name }) => name === type.name);
const withoutId = schema.__schema.types.filter(
  (type) => type.kind === 'OBJECT' && !isRoot(type) && type.fields?.every(({ name }) => name !== 'id'),
);

/**
 * For `cacheExchange(cacheConfig)` of urql's graphcache. Without the schema `... on Error { code message }` is matched by guessing; types without an id
 * belong to the object that they are in; the resolvers join the pages of lists. Those of a transcript that is made anew go, and are asked for again.
 */
export const cacheConfig: CacheExchangeOpts = {
  schema,
  keys: Object.fromEntries(withoutId.map(({ name }) => [name, () => null])),
  resolvers: {
    Query: { jobs: relayPagination(), logs: relayPagination(), search: relayPagination() },
    Job: { segments: relayPagination(), logs: relayPagination() },
  },
  updates: {
    Subscription: {
      jobEvents(result: Answer<'jobEvents'>, { id }, cache) {
        if (result.jobEvents.__typename === 'JobTranscriptCleared') dropSegments(cache, id);
      },
    },
    Mutation: {
      detectSpeakers(result: Answer<'detectSpeakers'>, { jobId }, cache) {
        if (result.detectSpeakers.__typename === 'DetectSpeakersSuccess') dropSegments(cache, jobId);
      },
      retry(result: Answer<'retry'>, { id, fromStart }, cache) {
        if (fromStart === true && result.retry.__typename === 'RetrySuccess') dropSegments(cache, id);
      },
    },
  },
};

type Answer<Field extends string> = Readonly<Record<Field, { readonly __typename: string }>>;

/** Pages of two transcripts, joined, would be neither. */
function dropSegments(cache: Cache, id: unknown): void {
  if (typeof id !== 'string') return;
  const job = { __typename: 'Job', id };
  for (const { fieldName, fieldKey } of cache.inspectFields(job))
    if (fieldName === 'segments') cache.invalidate(job, fieldKey);
}
