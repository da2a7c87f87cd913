import { GraphQLError, GraphQLScalarType } from 'graphql';
import { DateTimeResolver, JSONResolver, SafeIntResolver } from 'graphql-scalars';
import { Upload } from '#src/media/upload.ts';
import { builder } from './builder.ts';

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
