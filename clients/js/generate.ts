import { type CodegenConfig, generate } from '@graphql-codegen/cli';
import { buildSchema, type GraphQLSchema, introspectionFromSchema, isAbstractType } from 'graphql';

/** How GraphQL Code Generator types the API: the scalars of its own are told, and a forgotten one is an error. */
export const codegenConfig = {
  strictScalars: true,
  scalars: { DateTime: 'string', SafeInt: 'number', JSON: 'unknown', File: 'Blob' },
  enumsAsTypes: true,
  immutableTypes: true,
  useTypeImports: true,
};

/** The files of clients/ that follow from the schema: operations with their types, and what caches have to know. */
export async function generatedFiles(schemaText: string): Promise<Readonly<Record<string, string>>> {
  const schema = buildSchema(schemaText);
  const possibleTypes = Object.values(schema.getTypeMap())
    .filter(isAbstractType)
    .map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]);
  return {
    'js/operations.ts': await typedOperations('js', schemaText),
    'cli/operations.ts': await typedOperations('cli', schemaText),
    'web/operations.ts': await typedOperations('web', schemaText),
    'js/possible-types.json': `${JSON.stringify(Object.fromEntries(possibleTypes), null, 2)}\n`,
    'js/introspection.json': `${introspectionOf(schema)}\n`,
  };
}

/** As much of the schema as graphcache reads: its types, and which of their fields may be null. */
function introspectionOf(schema: GraphQLSchema): string {
  const { queryType, mutationType, subscriptionType, types } = introspectionFromSchema(schema).__schema;
  const read = types.filter(({ kind, name }) => /^(?:OBJECT|INTERFACE|UNION)$/u.test(kind) && !name.startsWith('__'));
  const kept = ['kind', 'name', 'fields', 'interfaces', 'possibleTypes', 'type', 'ofType', '__schema', 'types'];
  const roots = { queryType, mutationType, subscriptionType };
  return JSON.stringify({ __schema: { ...roots, types: read } }, [...kept, ...Object.keys(roots)]);
}

async function typedOperations(folder: string, schema: string): Promise<string> {
  const output = { plugins: ['typescript-operations', 'typed-document-node'], config: codegenConfig };
  const documents = `${import.meta.dirname}/../${folder}/operations.graphql`;
  const config: CodegenConfig = { schema, documents, silent: true, generates: { 'operations.ts': output } };
  const [file] = await generate(config, false);
  return file.content;
}
