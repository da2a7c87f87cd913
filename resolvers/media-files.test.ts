import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { newCaller } from '#src/testing/caller.ts';
import { type Answer, ask, openTestServer, type TestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';

const query = `query ($root: Int, $path: String, $first: Int, $after: String) {
  mediaFiles(root: $root, path: $path, first: $first, after: $after) {
    edges { node { name path directory bytes modifiedAt } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}`;

interface MediaFile {
  readonly name: string;
  readonly path: string;
  readonly directory: boolean;
  readonly bytes: number | null;
}

const filesOf = ({ data, errors }: Answer): readonly MediaFile[] => {
  assert.equal(errors, undefined);
  return data.mediaFiles.edges.map(({ node }: { readonly node: MediaFile }) => node);
};
const namesOf = (answer: Answer) => filesOf(answer).map(({ name }) => name);
const codeOf = ({ errors }: Answer) => errors?.[0]?.extensions['code'];

/** Every name of a folder, page by page, and how many pages they came in. */
async function listAll(server: TestServer, variables: Record<string, unknown>) {
  const names: string[] = [];
  for (let pages = 1, after: string | null = null; ; pages += 1) {
    const answer: Answer = await server.ask(query, { ...variables, after });
    names.push(...namesOf(answer));
    const { hasNextPage, endCursor } = answer.data.mediaFiles.pageInfo;
    if (hasNextPage !== true) return { names, pages };
    after = endCursor;
  }
}

test('a folder is listed folders first, by name as people count, and hidden ones are left out', async () => {
  await using server = await openTestServer();
  for (const name of ['Talk 10.wav', 'talk 2.wav', 'Äpfel.wav', '.hidden.wav', 'zwei\nZeilen.wav', '01', '1']) {
    await writeFile(join(server.media, name), '12345');
  }
  for (const name of ['z folder', '.git']) await mkdir(join(server.media, name));
  await writeFile(join(server.media, 'z folder', 'inside.wav'), '');
  const wanted = ['z folder', '01', '1', 'Äpfel.wav', 'speech.wav', 'talk 2.wav', 'Talk 10.wav', 'zwei\nZeilen.wav'];
  const answer = await server.ask(query);
  assert.deepEqual(namesOf(answer), wanted);
  const [folder, file] = filesOf(answer);
  assert.deepEqual([folder?.directory, folder?.bytes, file?.directory, file?.bytes], [true, null, false, 5]);
  for (const first of [1, 2, 3]) {
    assert.deepEqual(await listAll(server, { first }), { names: wanted, pages: Math.ceil(wanted.length / first) });
  }
  const [inside] = filesOf(await server.ask(query, { path: folder?.path }));
  assert.equal(inside?.path, 'z folder/inside.wav');
});

test('links and what is no file are judged as for transcribe', async () => {
  await using server = await openTestServer();
  const { media, data } = server;
  await mkdir(join(media, 'folder'));
  await mkdir(join(media, '.secret'));
  await writeFile(join(media, '.secret', 'x.wav'), '12345');
  const goals = {
    'to file.wav': 'speech.wav',
    'to folder': 'folder',
    'out.wav': join(data, 'phonograph.db'),
    'out folder': data,
    'to hidden.wav': '.secret/x.wav',
    'to nothing.wav': 'gone.wav',
    circle: 'circle',
  };
  for (const [name, goal] of Object.entries(goals)) await symlink(goal, join(media, name));
  await promisify(execFile)('mkfifo', [join(media, 'pipe.wav')]);
  const files = filesOf(await server.ask(query));
  assert.deepEqual(
    files.map(({ name, directory }) => [name, directory]),
    [
      ['folder', true],
      ['to folder', true],
      ['speech.wav', false],
      ['to file.wav', false],
    ],
  );
  assert.equal(files[3]?.bytes, files[2]?.bytes);
  for (const [path, code] of [
    ['out folder', 'BAD_USER_INPUT'],
    ['..', 'BAD_USER_INPUT'],
    ['/etc', 'BAD_USER_INPUT'],
    ['/no/such/folder', 'BAD_USER_INPUT'],
    ['folder\0', 'BAD_USER_INPUT'],
    ['.secret', 'BAD_USER_INPUT'],
    ['speech.wav', 'BAD_USER_INPUT'],
    ['pipe.wav', 'BAD_USER_INPUT'],
    ['nothing', 'NOT_FOUND'],
    ['x'.repeat(4000), 'NOT_FOUND'],
  ] as const) {
    const answer = await server.ask(query, { path });
    assert.equal(codeOf(answer), code, path);
    assert.doesNotMatch(answer.errors?.[0]?.message ?? '', /\//u, 'a message tells no path');
  }
});

test('of a second media root paths are absolute, and transcribe and mediaFiles take them', async () => {
  await using temporary = await openTemporary();
  const { directory } = temporary;
  const roots = ['one', 'two'].map((name) => ({ configured: name, path: join(directory, name) }));
  await using server = await openTestServer({ server: { mediaRoots: [...roots, { configured: 'no', path: '/no' }] } });
  for (const { path } of roots) {
    await mkdir(join(path, 'same'), { recursive: true });
    await writeFile(join(path, 'same', 'a.wav'), path);
  }
  const [folder] = filesOf(await server.ask(query, { root: 1 }));
  assert.equal(folder?.path, join(directory, 'two/same'));
  const [file] = filesOf(await server.ask(query, { root: 1, path: folder.path }));
  assert.deepEqual(filesOf(await server.ask(query, { root: 1, path: 'same' })), [file]);
  const sent = await server.ask(
    'mutation ($path: String!) { transcribe(input: { media: { path: $path } }) { ... on TranscribeSuccess { job { media { name } } } } }',
    { path: file?.path },
  );
  assert.equal(sent.data.transcribe.job.media.name, 'a.wav');
  const other = await server.ask(query, { root: 0, path: folder.path });
  assert.equal(codeOf(other), 'BAD_USER_INPUT', 'it is not under the first');
  assert.equal(codeOf(await server.ask(query, { root: 2 })), 'NOT_FOUND');
  for (const root of [-1, 3]) assert.equal(codeOf(await server.ask(query, { root })), 'BAD_USER_INPUT');
});

test('what comes and goes between two pages is missed or shown, and nothing is shown twice', async () => {
  await using server = await openTestServer();
  for (const name of ['a', 'c', 'e', 'g']) await writeFile(join(server.media, name), '');
  const first = await server.ask(query, { first: 2 });
  assert.deepEqual(namesOf(first), ['a', 'c']);
  await rename(join(server.media, 'a'), join(server.media, 'b'));
  await rm(join(server.media, 'c'));
  await writeFile(join(server.media, 'f'), '');
  const after = first.data.mediaFiles.pageInfo.endCursor;
  const rest = await server.ask(query, { first: 10, after });
  assert.deepEqual(namesOf(rest), ['e', 'f', 'g', 'speech.wav']);
  assert.equal(rest.data.mediaFiles.pageInfo.hasPreviousPage, true);
  for (const variables of [{ first: 0 }, { first: 1001 }, { after: 'nonsense' }]) {
    assert.equal(codeOf(await server.ask(query, variables)), 'BAD_USER_INPUT', JSON.stringify(variables));
  }
  const often = await server.ask(
    '{ a: mediaFiles { __typename } b: mediaFiles { __typename } c: mediaFiles { __typename } d: mediaFiles { __typename } e: mediaFiles { __typename } }',
  );
  assert.equal(codeOf(often), 'QUERY_TOO_COMPLEX');
});

test('a USER lists media roots where that is allowed, and a READER never', async () => {
  const callers = (['ADMIN', 'USER', 'READER'] as const).map((role) => newCaller(role.toLowerCase(), role));
  const apiKeys = callers.map(({ key }) => key);
  const body = JSON.stringify({ query });
  for (const [usersMayReadMediaRoots, wanted] of [
    [false, [undefined, 'FORBIDDEN', 'FORBIDDEN']],
    [true, [undefined, undefined, 'FORBIDDEN']],
  ] as const) {
    await using server = await openTestServer({ server: { apiKeys, usersMayReadMediaRoots } });
    const answers = await Promise.all(callers.map(({ headers }) => ask(server.url, body, headers)));
    assert.deepEqual(answers.map(codeOf), wanted);
  }
});
