import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { newCaller } from './caller.ts';
import { eventsOf, wsClient } from './follow.ts';
import { openTestHub, type TestHub } from './hub.ts';
import { openRecordingServer, type RecordingServer, serving } from './recording-server.ts';
import { openTestServer, submit, type TestServer } from './server.ts';
import { shellBlocks, typeIntoShell } from './shell.ts';
import { openTemporary } from './temporary.ts';

const root = join(import.meta.dirname, '../..');

let hub: TestHub;
let source: RecordingServer;
let server: TestServer;
/** What makes keys closes the server to all who have none. */
let closed: TestServer;
const alice = newCaller('alice');
let id: string;
before(async () => {
  hub = await openTestHub();
  source = await openRecordingServer(serving(readFileSync(join(root, 'samples/jfk.flac'))));
  server = await openTestServer({ server: { hubEndpoint: hub.endpoint, urlAllowedCidrs: ['127.0.0.1/32'] } });
  closed = await openTestServer({ server: { apiKeys: [alice.key] } });
  id = await submit(server);
  await eventsOf(server.url, id);
});
after(async () => {
  await closed[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await hub[Symbol.asyncDispose]();
});

/** All answers to an operation; to a subscription without an end the first, with a job that gives it something to tell. */
async function answersTo(query: string, { url }: TestServer): Promise<readonly { readonly errors?: unknown }[]> {
  const client = wsClient(url, alice.headers);
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
const readPage = (file: string) => readFileSync(join(root, file), 'utf8');
const examples = pages.flatMap((file) =>
  [...readPage(file).matchAll(/```graphql\n(?<text>.*?)```/gsu)].map(({ groups }, index) => ({
    file,
    index,
    text: groups?.['text'] ?? '',
  })),
);

test('the pages and their examples are found', () => {
  assert.ok(pages.length >= 11, `${pages.length} pages`);
  assert.ok(examples.length >= 10, `${examples.length} examples`);
});

const serverOf = (file: string) => (file.endsWith('api-keys.md') ? closed : server);

for (const { file, index, text } of examples) {
  test(`example ${index + 1} of ${basename(file)} does what it says`, async () => {
    const answers = await answersTo(text, serverOf(file));
    assert.ok(answers.length > 0);
    for (const { errors } of answers) assert.equal(errors, undefined);
  });
}

/** What else is typed on the pages: other programs, and what sets up and starts. */
const otherPrograms = /^(?:npm|npx|docker|rm|echo) /mu;

for (const file of pages) {
  const blocks = shellBlocks(readPage(file)).filter((block) => !otherPrograms.test(block));
  if (blocks.length === 0) continue;
  test(`what ${basename(file)} shows to be typed is answered`, async () => {
    await using folder = await openTemporary();
    await symlink(join(root, 'samples'), join(folder.directory, 'samples'));
    const env = {
      ID: id,
      TOKEN: alice.token,
      URL: `${source.origin}/speech.flac`,
    };
    for (const said of await typeIntoShell(blocks, { url: serverOf(file).url, cwd: folder.directory, env })) {
      assert.doesNotMatch(said, /"(?:errors|hint)":/u);
    }
  });
}

test('every page is linked from the README, and every link leads to a page and a part of it', () => {
  const readme = readPage('README.md');
  for (const page of globSync('docs/*.md', { cwd: root })) assert.ok(readme.includes(`](${page})`), page);
  for (const file of ['README.md', 'CONTRIBUTING.md', ...pages]) {
    for (const { groups } of readPage(file).matchAll(/\]\((?!https?:)(?<path>[^)#]*)(?:#(?<part>[^)]+))?\)/gu)) {
      const target = groups?.['path'] ? join(dirname(file), groups['path']) : file;
      assert.ok(existsSync(join(root, target)), `${file}: ${target}`);
      const part = groups?.['part'];
      if (part === undefined) continue;
      const titles = [...readPage(target).matchAll(/^#+ (?<title>.+)$/gmu)].map((title) =>
        anchorOf(title.groups?.['title'] ?? ''),
      );
      assert.ok(titles.includes(part), `${file}: ${target}#${part}`);
    }
  }
});

/** As GitHub names the parts of a page. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/gu, '')
    .replaceAll(' ', '-');
}

test('every page is in the table of its folder, and the other way round', () => {
  const folder = join(root, 'docs/from-whisperx-flask-server');
  const table = readFileSync(join(folder, 'README.md'), 'utf8');
  const linked = [...table.matchAll(/\]\((?<page>[\w-]+\.md)\)/gu)].map(({ groups }) => groups?.['page']);
  const others = globSync('*.md', { cwd: folder }).filter((page) => page !== 'README.md');
  assert.ok(others.length > 0);
  assert.deepEqual(new Set(linked), new Set(others));
});
