import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventsOf, wsClient } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';

const root = join(import.meta.dirname, '../..');

let server: TestServer;
let id: string;
before(async () => {
  server = await openTestServer();
  id = await submit(server);
  await eventsOf(server.url, id);
});
after(() => server[Symbol.asyncDispose]());

/** All answers to an operation; to a subscription without an end the first, with a job that gives it something to tell. */
async function answersTo(query: string): Promise<readonly { readonly errors?: unknown }[]> {
  const client = wsClient(server.url);
  const answers = client.iterate({ query, variables: query.includes('$id') ? { id } : {} });
  try {
    if (!/logAdded|jobChanged|serverStatus/u.test(query)) return await Array.fromAsync(answers);
    const first = answers.next();
    // Answered on the same socket: the subscription before it stands.
    await Array.fromAsync(client.iterate({ query: '{ server { id } }' }));
    await submit(server);
    const { value } = await first;
    return value ? [value] : [];
  } finally {
    await client.dispose();
  }
}

const pages = globSync('docs/**/*.md', { cwd: root });
const examples = pages.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/```graphql\n(?<text>.*?)```/gsu)].map(({ groups }, index) => ({
    file,
    index,
    text: groups?.['text'] ?? '',
  })),
);

test('the pages and their examples are found', () => {
  assert.ok(pages.length >= 11, `${pages.length} pages`);
  assert.ok(examples.length >= 10, `${examples.length} examples`);
});

for (const { file, index, text } of examples) {
  test(`example ${index + 1} of ${basename(file)} does what it says`, async () => {
    const answers = await answersTo(text);
    assert.ok(answers.length > 0);
    for (const { errors } of answers) assert.equal(errors, undefined);
  });
}

test('every page is in the table of its folder, and the other way round', () => {
  const folder = join(root, 'docs/from-whisperx-flask-server');
  const table = readFileSync(join(folder, 'README.md'), 'utf8');
  const linked = [...table.matchAll(/\]\((?<page>[\w-]+\.md)\)/gu)].map(({ groups }) => groups?.['page']);
  const others = globSync('*.md', { cwd: folder }).filter((page) => page !== 'README.md');
  assert.ok(others.length > 0);
  assert.deepEqual(new Set(linked), new Set(others));
});
