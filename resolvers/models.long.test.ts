import assert from 'node:assert/strict';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventsOf, wsClient } from '#src/testing/follow.ts';
import { openTestHub, type TestHub } from '#src/testing/hub.ts';
import { isReady, openTestServer, readyTells, submit, type TestServer } from '#src/testing/server.ts';

const fields = 'id installed bytes languages downloading problem';
const success = {
  downloadModel: `... on DownloadModelSuccess { model { ${fields} } }`,
  cancelDownload: `... on DownloadModelSuccess { model { ${fields} } }`,
  removeModel: `... on RemoveModelSuccess { model { ${fields} } } ... on ModelInUseError { modelId }`,
};

async function mutate(server: TestServer, name: keyof typeof success, id: string) {
  const errors = '... on Error { code message hint } ... on InvalidInputError { field }';
  const query = `mutation ($id: ID!) { ${name}(id: $id) { __typename ${success[name]} ${errors} } }`;
  return (await server.ask(query, { id })).data[name];
}

const serverWith = (hub: TestHub, more = {}) => openTestServer({ server: { hubEndpoint: hub.endpoint, ...more } });

/** Follows a model over WebSocket; `stands` settles when the subscription does. */
function followModel({ url }: TestServer, id: string) {
  const client = wsClient(url);
  const query = `subscription ($id: ID) { modelChanged(id: $id) { ${fields} } }`;
  const changes = client.iterate<{ modelChanged: any }>({ query, variables: { id } });
  const first = changes.next();
  // Answered on the same socket: the subscription before it stands.
  const stands = Array.fromAsync(client.iterate({ query: '{ server { id } }' }));
  async function until(asked: (model: any) => boolean): Promise<readonly any[]> {
    const seen: any[] = [];
    for (let { value } = await first; ; { value } = await changes.next()) {
      if (!value?.data) throw new Error(JSON.stringify(value));
      seen.push(value.data.modelChanged);
      if (asked(seen.at(-1))) return seen;
    }
  }
  return { stands, until, [Symbol.asyncDispose]: async () => client.dispose() };
}

/** Follows a model over server-sent events; the subscription stands when this returns. */
async function followBySse({ url }: TestServer, id: string) {
  const query = `subscription ($id: ID) { modelChanged(id: $id) { ${fields} } }`;
  const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
  const body = JSON.stringify({ query, variables: { id } });
  const { body: stream } = await fetch(`${url}/graphql`, { method: 'POST', headers, body });
  return async (asked: (model: any) => boolean) => {
    const seen: any[] = [];
    let text = '';
    for await (const bytes of stream ?? []) {
      text += Buffer.from(bytes).toString('utf8');
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      const data = lines.filter((line) => line.startsWith('data: {')).map((line) => JSON.parse(line.slice(6)).data);
      seen.push(...data.map(({ modelChanged }) => modelChanged));
      if (seen.some(asked)) return seen;
    }
    throw new Error('the stream ended');
  };
}

const isInstalled = ({ installed, downloading }: any) => installed === true && downloading === null;

test('a download is followed over WebSocket and SSE, and a job can use the model without a restart', async () => {
  await using hub = await openTestHub();
  await using server = await serverWith(hub);
  const input = '{ media: { path: "speech.wav" }, model: "tiny" }';
  const { data } = await server.ask(`mutation { transcribe(input: ${input}) { ... on Error { code hint } } }`);
  assert.equal(data.transcribe.code, 'MODEL_NOT_INSTALLED');
  assert.match(data.transcribe.hint, /downloadModel\(id: "tiny"\)/u);
  await using following = followModel(server, 'tiny');
  const [untilSse] = await Promise.all([followBySse(server, 'tiny'), following.stands]);
  hub.whim = ({ host }) => (host === 'content' ? { holdAt: 100_000 } : undefined);
  const begun = await mutate(server, 'downloadModel', 'tiny');
  assert.deepEqual([begun.model.installed, begun.model.bytes], [false, 204_158]);
  assert.ok(begun.model.downloading >= 0 && begun.model.downloading < 1);
  const isHalf = ({ downloading }: any) => downloading > 0.4 && downloading < 0.6;
  const half = await following.until(isHalf);
  const listed = (await server.ask(`{ models { ${fields} } }`)).data.models.find(({ id }: any) => id === 'tiny');
  assert.deepEqual(listed, half.at(-1));
  const again = await mutate(server, 'downloadModel', 'tiny');
  assert.deepEqual(again.model, half.at(-1), 'asked for again it is the same download');
  hub.whim = () => undefined;
  hub.release();
  const rest = untilSse(isInstalled);
  const seen = await rest;
  const fractions = seen.map(({ downloading }: any) => downloading ?? 1);
  assert.deepEqual(
    fractions,
    fractions.toSorted((a, b) => a - b),
  );
  assert.ok(seen.some(isHalf));
  assert.equal(seen.at(-1).problem, null);
  const id = await submit(server, { model: 'tiny' });
  assert.equal((await eventsOf(server.url, id)).at(-1)?.status, 'COMPLETED');
  const { length } = hub.requests;
  assert.equal((await mutate(server, 'downloadModel', 'tiny')).model.installed, true);
  assert.equal(hub.requests.length, length, 'what is installed is not asked for');
});

test('a hub that does not give a model is told as its problem, until a download of it succeeds or is cancelled', async () => {
  await using hub = await openTestHub();
  await using server = await serverWith(hub);
  hub.whim = () => ({ status: 404 });
  const { model } = await mutate(server, 'downloadModel', 'distil-large-v3');
  assert.deepEqual([model.downloading, model.languages], [null, 'English']);
  assert.match(model.problem, /does not have the model/u);
  const problems = async () =>
    (await server.ask('{ models { id problem } }')).data.models.filter((each: any) => each.problem);
  assert.deepEqual(await problems(), [{ id: 'distil-large-v3', problem: model.problem }]);
  assert.equal((await mutate(server, 'cancelDownload', 'distil-large-v3')).model.problem, null);
  assert.deepEqual(await problems(), []);
  assert.ok(server.logs.some(({ event }) => event === 'model download failed'));
});

test('a download that a stopped server has begun goes on when it is asked for again', async () => {
  await using hub = await openTestHub();
  await using server = await serverWith(hub);
  hub.whim = ({ host }) => (host === 'content' ? { holdAt: 100_000 } : undefined);
  {
    await using following = followModel(server, 'tiny');
    await following.stands;
    await mutate(server, 'downloadModel', 'tiny');
    await following.until(({ downloading }) => downloading > 0.4);
  }
  await server.again();
  hub.whim = () => undefined;
  await using following = followModel(server, 'tiny');
  await following.stands;
  const { model } = await mutate(server, 'downloadModel', 'tiny');
  if (!isInstalled(model)) await following.until(isInstalled);
  const ranges = hub.requests.filter(({ host }) => host === 'content').map(({ headers }) => headers.range);
  assert.deepEqual(ranges, [undefined, 'bytes=100000-']);
});

test('ids that nobody can download, remove or follow are refused, with those that can be', async () => {
  await using hub = await openTestHub();
  await using server = await serverWith(hub);
  for (const id of ['huge', '../base', 'constructor', '', 'Systran/faster-whisper-tiny', '.downloads']) {
    for (const name of ['downloadModel', 'cancelDownload', 'removeModel'] as const) {
      const { __typename: kind, field, hint } = await mutate(server, name, id);
      assert.deepEqual([kind, field], ['InvalidInputError', 'id'], `${name} ${id}`);
      if (name !== 'removeModel') assert.match(hint, /tiny.*large-v3/u);
    }
    await using following = followModel(server, id);
    await assert.rejects(
      following.until(() => true),
      /NOT_FOUND/u,
    );
  }
  assert.deepEqual(hub.requests, []);
});

test('an offline server asks nobody', async () => {
  await using hub = await openTestHub();
  await using server = await serverWith(hub, { hubOffline: true });
  const refused = await mutate(server, 'downloadModel', 'tiny');
  assert.equal(refused.__typename, 'InvalidInputError');
  assert.match(refused.hint, /HF_HUB_OFFLINE/u);
  assert.equal((await mutate(server, 'downloadModel', 'base')).model.installed, true);
  assert.deepEqual(hub.requests, []);
});

test('a model for which there is no room is a StorageFullError', async () => {
  await using hub = await openTestHub();
  await using server = await serverWith(hub, { minFreeBytes: 2 ** 52 });
  const refused = await mutate(server, 'downloadModel', 'tiny');
  assert.deepEqual([refused.__typename, refused.code], ['StorageFullError', 'STORAGE_FULL']);
});

test('a model is removed when nobody needs it', async () => {
  await using hub = await openTestHub();
  await using server = await openTestServer({ engine: 'hangs', server: { hubEndpoint: hub.endpoint } });
  const folder = server.config.server.modelDirectory;
  const ofMode = await mutate(server, 'removeModel', 'base');
  assert.deepEqual([ofMode.__typename, ofMode.code, ofMode.modelId], ['ModelInUseError', 'MODEL_IN_USE', 'base']);
  assert.match(ofMode.hint, /setConfig/u);
  const place = join(folder, 'tiny');
  await mkdir(place);
  for (const name of ['model.bin', 'config.json', 'tokenizer.json', 'vocabulary.json'])
    await writeFile(join(place, name), '{}');
  const [working, queued] = [await submit(server, { model: 'tiny' }), await submit(server, { model: 'tiny' })];
  const cancel = async (id: string) => {
    await server.ask('mutation ($id: ID!) { cancel(id: $id) { __typename } }', { id });
    await eventsOf(server.url, id);
  };
  for (const id of [working, queued]) {
    assert.equal((await mutate(server, 'removeModel', 'tiny')).__typename, 'ModelInUseError');
    await cancel(id);
  }
  await using following = followModel(server, 'tiny');
  await following.stands;
  const { model } = await mutate(server, 'removeModel', 'tiny');
  assert.deepEqual([model.installed, model.bytes], [false, null]);
  await following.until(({ installed }) => installed === false);
  assert.deepEqual(await readdir(folder), ['base']);
  assert.equal((await mutate(server, 'removeModel', 'tiny')).__typename, 'RemoveModelSuccess', 'removing twice is one');
});

test('a model with a file that cannot be looked at is not installed, and all that ask hear why', async () => {
  await using server = await openTestServer();
  await readyTells(server, isReady);
  const link = join(server.config.server.modelDirectory, 'base/notes.txt');
  await symlink('nowhere', link);
  const because = 'notes.txt in its folder cannot be looked at (ENOENT)';
  const { data } = await server.ask(
    `mutation { transcribe(input: { media: { path: "speech.wav" } }) { ... on Error { code message } } }`,
  );
  assert.deepEqual(data.transcribe, {
    code: 'MODEL_NOT_INSTALLED',
    message: `The model base is not installed: ${because}.`,
  });
  const { problems } = await readyTells(server, ({ status }) => status === 'DEGRADED');
  assert.deepEqual(problems, [`The model base of the mode in use is not installed: ${because}.`]);
  const models = (await server.ask(`{ models { id installed problem } }`)).data.models;
  const base = { id: 'base', installed: false, problem: `base is not installed: ${because}.` };
  assert.deepEqual(
    models.find(({ id }: { id: string }) => id === 'base'),
    base,
  );
  await rm(link);
  await readyTells(server, isReady);
});
