import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { openTestHub } from '#src/testing/hub.ts';
import { assertWhole, isFor, openModelHarness, requestsFor } from '#src/testing/model-directory.ts';

for (const name of ['model.bin', 'config.json']) {
  for (const holdAt of [1, 700, 1187]) {
    test(`a connection that breaks at byte ${holdAt} of ${name} is taken up there`, async () => {
      await using hub = await openTestHub();
      await using harness = await openModelHarness(hub);
      hub.whim = (request) => (isFor(name, request) ? { holdAt } : undefined);
      await harness.start();
      await harness.untilThere(name, holdAt);
      hub.whim = () => undefined;
      hub.breakOff();
      assert.equal(await harness.ended(), null);
      await assertWhole(harness, hub);
      assert.deepEqual(
        requestsFor(name, hub).map(({ headers }) => headers.range),
        [undefined, `bytes=${holdAt}-`],
      );
    });
  }
}

test('however often and wherever connections break, the model is whole', async () => {
  await using hub = await openTestHub();
  const cuts = fc.array(fc.nat(200_000), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(cuts, async (left) => {
      await using harness = await openModelHarness(hub);
      const waiting = [...left];
      hub.whim = (request) => {
        const cutAt = request.path.startsWith('/api/models/') ? undefined : waiting.shift();
        return cutAt === undefined ? undefined : { cutAt };
      };
      assert.equal(await harness.download(), null);
      await assertWhole(harness, hub);
    }),
    { numRuns: 25 },
  );
});

for (const holdAt of [1, 65_537, 199_999]) {
  test(`a server that is stopped at byte ${holdAt} goes on from there when it is asked again`, async () => {
    await using hub = await openTestHub();
    await using harness = await openModelHarness(hub);
    hub.whim = (request) => (request.host === 'content' ? { holdAt } : undefined);
    await harness.start();
    await harness.untilThere('model.bin', holdAt);
    await harness.again();
    assert.equal(await harness.isInstalled(), false);
    assert.deepEqual(harness.downloads.ids(), []);
    hub.whim = () => undefined;
    assert.equal(await harness.download(), null);
    await assertWhole(harness, hub);
    const [before, after] = requestsFor('model.bin', hub);
    assert.deepEqual(
      [after?.headers.range, after?.headers['if-range']],
      [`bytes=${holdAt}-`, `"${before?.path.slice(1)}"`],
    );
  });
}

test('a file that is another one by the time its rest is asked for begins anew', async () => {
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub);
  hub.whim = ({ host }) =>
    host === 'content' ? { holdAt: 5000, etag: '"old"', bytes: Buffer.alloc(200_000) } : undefined;
  await harness.start();
  await harness.untilThere('model.bin', 5000);
  hub.whim = () => undefined;
  hub.breakOff();
  assert.equal(await harness.ended(), null);
  await assertWhole(harness, hub);
  assert.equal(requestsFor('model.bin', hub).at(-1)?.headers['if-range'], '"old"');
});

test('a new commit between two tries leaves nothing of the old one', async () => {
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub);
  hub.whim = ({ host }) => (host === 'content' ? { holdAt: 700 } : undefined);
  await harness.start();
  await harness.untilThere('model.bin', 700);
  await harness.again();
  hub.whim = () => undefined;
  hub.files.set('model.bin', Buffer.alloc(300_000, 'new'));
  assert.equal(await harness.download(), null);
  await assertWhole(harness, hub);
  assert.equal(requestsFor('model.bin', hub).at(-1)?.headers.range, undefined);
});
