import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSchema, introspectionFromSchema } from 'graphql';
import { codegenConfig } from '#clients/js/generate.ts';
import { openFrontEndProject } from './project.ts';

const schema = readFileSync(join(import.meta.dirname, '../../../schema/schema.graphql'), 'utf8');

/** Everything that two members of a union, or two events, could fall out about. */
const operations = `
  const live = graphql(\`subscription Live($id: ID!, $after: SafeInt) {
    jobEvents(id: $id, after: $after) {
      __typename seq time job { id status media { bytes } }
      ... on JobStatusChanged { status attempt }
      ... on JobProgressed { progress { fraction } }
      ... on JobLanguageDetected { language { code } }
      ... on JobSegmentsAdded { segments { index text } }
      ... on JobTranscriptCleared { attempt }
    }
  }\`);
  const submit = graphql(\`mutation Submit($file: File!) {
    transcribe(input: { media: { upload: $file } }) {
      __typename
      ... on TranscribeSuccess { job { id createdAt metadata } }
      ... on InvalidInputError { field }
      ... on ModelNotInstalledError { modelId }
      ... on QueueFullError { limit }
      ... on Error { code message hint }
    }
  }\`);
  type Event = ResultOf<typeof live>['jobEvents'];
  export const seqOf = (event: Event): number => event.seq;
  export const statusOf = (event: Event): string | null => (event.__typename === 'JobStatusChanged' ? event.status : null);
  export const variables: VariablesOf<typeof submit> = { file: new Blob([]) };
  export function codeOf(result: ResultOf<typeof submit>['transcribe']): string {
    return result.__typename === 'TranscribeSuccess' ? result.job.createdAt : result.code;
  }
  // @ts-expect-error -- a number, and nothing else
  export const text: string = seqOf({} as Event);
  // @ts-expect-error -- not of every event
  export const segments = (event: Event) => event.segments;
  // @ts-expect-error -- what is sent is a file
  export const wrong: VariablesOf<typeof submit> = { file: 'speech.wav' };
`;

const tsconfig = JSON.stringify({
  compilerOptions: {
    strict: true,
    target: 'es2024',
    module: 'preserve',
    lib: ['es2024', 'dom'],
    types: [],
    noEmit: true,
    skipLibCheck: true,
  },
  include: ['src'],
});

test('GraphQL Code Generator types the API with its client preset, and leaves no scalar unknown', async () => {
  await using project = await openFrontEndProject();
  await project.write('tsconfig.json', tsconfig);
  await project.write(
    'src/operations.ts',
    `import type { ResultOf, VariablesOf } from '@graphql-typed-document-node/core';
     import { graphql } from './gql';
     ${operations}`,
  );
  await project.write(
    'codegen.json',
    JSON.stringify({
      schema: 'node_modules/@phonograph/client/schema.graphql',
      documents: 'src/*.ts',
      generates: { 'src/gql/': { preset: 'client', presetConfig: { fragmentMasking: false }, config: codegenConfig } },
    }),
  );
  await project.run('graphql-codegen', '--config', 'codegen.json');
  await project.run('tsc');
});

test('gql.tada types the API without a generator', async () => {
  await using project = await openFrontEndProject();
  await project.write('tsconfig.json', tsconfig);
  const introspection = JSON.stringify(introspectionFromSchema(buildSchema(schema), { descriptions: false }));
  await project.write('src/introspection.d.ts', `export type introspection = ${introspection};\n`);
  await project.write(
    'src/operations.ts',
    `import { initGraphQLTada, type ResultOf, type VariablesOf } from 'gql.tada';
     import type { introspection } from './introspection';
     const graphql = initGraphQLTada<{
       introspection: introspection;
       scalars: { DateTime: string; SafeInt: number; JSON: unknown; File: Blob };
     }>();
     ${operations}`,
  );
  await project.run('tsc');
});
