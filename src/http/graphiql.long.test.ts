import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browse, skipWithoutBrowser } from '#src/testing/chromium.ts';
import { openTestServer } from '#src/testing/server.ts';

test(
  'a browser shows GraphiQL with its editor, and finds nothing that its policy forbids',
  { skip: skipWithoutBrowser },
  async () => {
    await using server = await openTestServer();
    const { dom, said } = await browse(`${server.url}/graphql`);
    assert.match(dom, /class="graphiql-container"/u);
    assert.match(dom, /class="view-line"/u, 'the lines of the editor');
    // A browser has pages of its own, which say what they like.
    const ofPage = said
      .split('\n')
      .filter((line) => line.includes('CONSOLE') && line.includes(`source: ${server.url}`));
    assert.deepEqual(ofPage, []);
    assert.doesNotMatch(said, /Content Security Policy/u);
  },
);
