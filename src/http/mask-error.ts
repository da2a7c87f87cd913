import { GraphQLError } from 'graphql';
import { RequestError, StorageFullError } from '../errors.ts';
import { type Log, tellFullDisk } from '../logs/log.ts';

/**
 * What a client is told of an error. Errors of GraphQL and RequestErrors pass with their code, a full disk as SERVICE_UNAVAILABLE; everything else is told as
 * INTERNAL_SERVER_ERROR and written to the log with its cause.
 */
export function maskErrors(log: Log): (error: unknown) => GraphQLError {
  return (error) => {
    const source = error instanceof GraphQLError ? error : undefined;
    const cause = source?.originalError ?? error;
    if (cause instanceof RequestError) {
      return retold(cause.message, source, { code: cause.code, ...(cause.hint === null ? {} : { hint: cause.hint }) });
    }
    if (cause instanceof StorageFullError) {
      tellFullDisk(log);
      return retold(cause.message, source, { code: 'SERVICE_UNAVAILABLE', hint: cause.hint });
    }
    if (cause instanceof GraphQLError) {
      if (typeof cause.extensions['code'] === 'string') return source ?? cause;
      // graphql gives no code to a value that does not fit its type.
      return retold(cause.message, source ?? cause, { ...cause.extensions, code: 'BAD_USER_INPUT' });
    }
    log.error({ err: cause, path: source?.path?.join('.') }, 'request failed');
    return retold('The server failed to answer this; its log tells why.', source, { code: 'INTERNAL_SERVER_ERROR' });
  };
}

function retold(message: string, source: GraphQLError | undefined, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, {
    nodes: source?.nodes,
    positions: source?.positions,
    source: source?.source,
    path: source?.path,
    extensions,
  });
}
