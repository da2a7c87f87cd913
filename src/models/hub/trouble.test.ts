import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestHub } from '#src/testing/hub.ts';
import { assertWhole, openModelHarness } from '#src/testing/model-directory.ts';

for (const [what, bytes] of [
  ['other bytes', Buffer.alloc(200_000)],
  ['more bytes', Buffer.alloc(200_001)],
] as const) {
  test(`${what} than promised are deleted and told, and nothing is installed`, async () => {
    await using hub = await openTestHub();
    await using harness = await openModelHarness(hub);
    hub.whim = ({ host }) => (host === 'content' ? { bytes } : undefined);
    assert.match((await harness.download()) ?? '', /model\.bin came with other bytes/u);
    assert.equal(await harness.isInstalled(), false);
    const left = await readdir(join(harness.modelDirectory, '.downloads'), { recursive: true });
    assert.ok(!left.some((name) => name.includes('model.bin.part')));
    hub.whim = () => undefined;
    assert.equal(await harness.download(), null);
    await assertWhole(harness, hub);
  });
}

test('the token is shown to the hub alone', async () => {
  await using hub = await openTestHub({ token: 'hf_secret' });
  await using stranger = await openModelHarness({ endpoint: hub.endpoint });
  assert.match((await stranger.download()) ?? '', /set HF_TOKEN/u);
  await using harness = await openModelHarness({ endpoint: hub.endpoint, token: 'hf_secret' });
  assert.equal(await harness.download(), null);
  const content = hub.requests.filter(({ host }) => host === 'content');
  assert.deepEqual(
    content.map(({ headers }) => headers.authorization),
    [undefined],
  );
});

for (const [status, problem] of [
  [401, /wants a token/u],
  [403, /accept its terms/u],
  [404, /does not have the model/u],
] as const) {
  test(`${status} is told at once and not tried again`, async () => {
    await using hub = await openTestHub();
    await using harness = await openModelHarness(hub);
    hub.whim = () => ({ status });
    assert.match((await harness.download()) ?? '', problem);
    assert.equal(hub.requests.length, 1);
  });
}

for (const status of [429, 500, 503]) {
  test(`${status} is tried again, and told when it stays`, async () => {
    await using hub = await openTestHub();
    await using harness = await openModelHarness(hub);
    hub.whim = () => (hub.requests.length < 5 ? { status, headers: { 'retry-after': '0' } } : undefined);
    assert.equal(await harness.download(), null);
    const before = hub.requests.length;
    hub.whim = () => ({ status });
    assert.match((await harness.download('base')) ?? '', new RegExp(String(status), 'u'));
    assert.equal(hub.requests.length - before, 5);
  });
}

test('a hub that cannot be reached, falls silent, or answers nonsense is a problem of the model', async () => {
  const gone = await openTestHub();
  await gone[Symbol.asyncDispose]();
  await using nobody = await openModelHarness({ endpoint: gone.endpoint });
  assert.match(
    (await nobody.download()) ?? '',
    /cannot be reached \(ECONNREFUSED\)\. HTTPS_PROXY with NODE_USE_ENV_PROXY=1 names a proxy/u,
  );
  await using hub = await openTestHub();
  await using hasty = await openModelHarness({ endpoint: hub.endpoint, silenceMs: 50 });
  hub.whim = ({ host }) => (host === 'content' ? { holdAt: 0 } : undefined);
  assert.match((await hasty.download()) ?? '', /fell silent/u);
  hub.files.delete('tokenizer.json');
  await using harness = await openModelHarness(hub);
  assert.match((await harness.download()) ?? '', /no whole model/u);
});

test('a hub that leads into a private network is not followed there, and that is told with what to do', async () => {
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub);
  const met: string[] = [];
  hub.whim = ({ host, path }) => {
    met.push(host);
    return path.endsWith('model.bin')
      ? { status: 302, headers: { location: 'http://localhost:4000/model.bin' } }
      : undefined;
  };
  const problem = (await harness.download()) ?? '';
  assert.match(problem, /leads to localhost, which is within a private network.*urlAllowedCidrs/u);
  assert.equal(await harness.isInstalled(), false);
  assert.equal(met.filter((host) => host === 'content').length, 0);
});
