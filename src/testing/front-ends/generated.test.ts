import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generatedFiles } from '#clients/js/generate.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('what clients have of the schema is what the schema says', async () => {
  for (const [name, text] of Object.entries(await generatedFiles(read('schema/schema.graphql')))) {
    assert.equal(read(`clients/${name}`), text, 'print it anew with: npm run schema');
  }
});
