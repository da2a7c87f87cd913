import { writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { generatedFiles } from '#clients/js/generate.ts';
import { schema } from './index.ts';

/** Writes schema.graphql beside this file, and what clients have of it: `npm run schema`, after every change of the schema. */
const text = `${printSchema(lexicographicSortSchema(schema))}\n`;
writeFileSync(new URL('schema.graphql', import.meta.url), text);
for (const [name, content] of Object.entries(await generatedFiles(text))) {
  writeFileSync(new URL(`../clients/${name}`, import.meta.url), content);
}
