import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { execa } from 'execa';
import { openTestServer } from '#src/testing/server.ts';

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));
const skip = chromium === undefined && 'needs a browser: apt install chromium';

test('a browser shows GraphiQL with its editor, and finds nothing that its policy forbids', { skip }, async () => {
  await using server = await openTestServer();
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr'];
  const { stdout, stderr } = await execa(chromium ?? '', [
    ...options,
    '--virtual-time-budget=10000',
    '--dump-dom',
    `${server.url}/graphql`,
  ]);
  assert.match(stdout, /class="graphiql-container"/u);
  assert.match(stdout, /class="view-line"/u, 'the lines of the editor');
  // A browser has pages of its own, which say what they like.
  const said = stderr.split('\n').filter((line) => line.includes('CONSOLE') && line.includes(`source: ${server.url}`));
  assert.deepEqual(said, []);
  assert.doesNotMatch(stderr, /Content Security Policy/u);
});
