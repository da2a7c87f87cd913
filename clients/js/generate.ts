import { type CodegenConfig, generate } from '@graphql-codegen/cli';
import { buildSchema, isAbstractType, isObjectType } from 'graphql';

/** How GraphQL Code Generator types the API: the scalars of its own are told, and a forgotten one is an error. */
export const codegenConfig = {
  strictScalars: true,
  scalars: { DateTime: 'string', SafeInt: 'number', JSON: 'unknown', File: 'Blob' },
  enumsAsTypes: true,
  immutableTypes: true,
  useTypeImports: true,
};

/** The files of this folder that follow from the schema: the operations with their types, and what caches have to know. */
export async function generatedFiles(schemaText: string): Promise<Readonly<Record<string, string>>> {
  const schema = buildSchema(schemaText);
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const possibleTypes = types
    .filter(isAbstractType)
    .map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]);
  const roots = new Set<unknown>([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  const withoutId = types.filter(isObjectType).filter((type) => !roots.has(type) && !('id' in type.getFields()));
  return {
    'operations.ts': await typedOperations(schemaText),
    'possible-types.json': toJson(Object.fromEntries(possibleTypes)),
    'types-without-id.json': toJson(withoutId.map(({ name }) => name)),
  };
}

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

async function typedOperations(schema: string): Promise<string> {
  const output = { plugins: ['typescript-operations', 'typed-document-node'], config: codegenConfig };
  const documents = `${import.meta.dirname}/operations.graphql`;
  const config: CodegenConfig = { schema, documents, silent: true, generates: { 'operations.ts': output } };
  const [file] = await generate(config, false);
  return file.content;
}
