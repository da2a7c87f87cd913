import { hash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { createLRUCache, type GraphQLParams, type Plugin } from 'graphql-yoga';
import { z } from 'zod';

/** 16 MiB at most; whoever asks for a document that is gone is told so, and sends it again. */
const [maxDocuments, maxCharacters] = [1000, 8192];

/** Documents that clients name by their hash, as Apollo's automatic persisted queries have it. */
export interface PersistedQueries {
  /** An operation with its document, which is kept where its hash comes with it. Throws PERSISTED_QUERY_NOT_FOUND and PERSISTED_QUERY_MISMATCH. */
  readonly complete: (params: GraphQLParams) => GraphQLParams;
}

const extensionsSchema = z.object({ persistedQuery: z.object({ version: z.literal(1), sha256Hash: z.string() }) });

export function openPersistedQueries(): PersistedQueries {
  const documents = createLRUCache<string>({ max: maxDocuments });
  return {
    complete(params) {
      const { success, data } = extensionsSchema.safeParse(params.extensions);
      if (!success) return params;
      const { sha256Hash: name } = data.persistedQuery;
      const { query: given = null }: { readonly query?: unknown } = params;
      if (typeof given === 'string') {
        if (hash('sha256', given) !== name) throw refusal('Mismatch', 400);
        if (given.length <= maxCharacters) documents.set(name, given);
      }
      if (given !== null) return params;
      const query = documents.get(name);
      // Not 404: clients ask for no other reason, and expect an answer of GraphQL.
      if (query === undefined) throw refusal('NotFound', 200);
      return { ...params, query };
    },
  };
}

/** Has Yoga complete operations so. */
export function usePersistedQueries({ complete }: PersistedQueries): Plugin {
  return { onParams: ({ params, setParams }) => setParams(complete(params)) };
}

/** In the words that clients look for. */
function refusal(what: 'NotFound' | 'Mismatch', status: number): GraphQLError {
  const code = `PERSISTED_QUERY_${what === 'NotFound' ? 'NOT_FOUND' : 'MISMATCH'}`;
  return new GraphQLError(`PersistedQuery${what}`, { extensions: { code, http: { status } } });
}
