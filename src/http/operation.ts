import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import type { Log } from '../logs/log.ts';
import type { SubscribeArgs } from './fan-out/fan-out.ts';
import { maskErrors, type Yoga } from './yoga.ts';

/** Yoga's functions for one operation. */
export type Enveloped = ReturnType<Yoga['getEnveloped']>;

/** An operation as a client asks for it. */
interface Asked {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What an operation runs with, or the errors that answer it. A syntax error that is thrown here would close the whole socket. */
export async function prepare(
  payload: Asked,
  enveloped: Enveloped,
  log: Log,
): Promise<SubscribeArgs | readonly GraphQLError[]> {
  const { schema, execute, subscribe, parse, validate, contextFactory } = enveloped;
  try {
    const document = parse(payload.query);
    const errors = validate(schema, document);
    if (errors.length > 0) return errors.map((error: GraphQLError) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
    return {
      schema,
      document,
      operationName: payload.operationName,
      variableValues: payload.variables,
      contextValue: await contextFactory(),
      rootValue: { execute, subscribe },
    };
  } catch (error) {
    return [error instanceof GraphQLError ? coded(error, 'GRAPHQL_PARSE_FAILED') : maskErrors(log)(error)];
  }
}

/** Over HTTP Yoga gives these codes. */
function coded(error: GraphQLError, code: string): GraphQLError {
  if (error.extensions['code'] !== undefined) return error;
  const { message, nodes, source, positions, path, originalError, extensions } = error;
  return new GraphQLError(message, {
    nodes,
    source,
    positions,
    path,
    originalError,
    extensions: { ...extensions, code },
  });
}

/** What the library of a transport is not left to hear: graphql-ws would write the error to stderr, and close the whole socket. */
export async function answered<T>(execute: () => Promise<T> | T, log: Log): Promise<T | ExecutionResult> {
  try {
    return await execute();
  } catch (error) {
    return { errors: [maskErrors(log)(error)] };
  }
}

export function rootOf({ rootValue }: ExecutionArgs): Pick<Enveloped, 'execute' | 'subscribe'> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `prepare` is the only one who makes these arguments
  return rootValue as Pick<Enveloped, 'execute' | 'subscribe'>;
}
