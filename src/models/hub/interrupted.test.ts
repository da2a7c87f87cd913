import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { openTestHub } from '#src/testing/hub.ts';
import { assertWhole, isFor, openModelHouse, requestsFor } from '#src/testing/model-directory.ts';

for (const name of ['model.bin', 'config.json']) {
  for (const holdAt of [1, 700, 1187]) {
    test(`a connection that breaks at byte ${holdAt} of ${name} is taken up there`, async () => {
      await using hub = await openTestHub();
      await using house = await openModelHouse(hub);
      hub.whim = (request) => (isFor(name, request) ? { holdAt } : undefined);
      await house.start();
      await house.untilThere(name, holdAt);
      hub.whim = () => undefined;
      hub.breakOff();
      assert.equal(await house.ended(), null);
      await assertWhole(house, hub);
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
      await using house = await openModelHouse(hub);
      const waiting = [...left];
      hub.whim = (request) => {
        const cutAt = request.path.startsWith('/api/models/') ? undefined : waiting.shift();
        return cutAt === undefined ? undefined : { cutAt };
      };
      assert.equal(await house.download(), null);
      await assertWhole(house, hub);
    }),
    { numRuns: 25 },
  );
});

for (const holdAt of [1, 65_537, 199_999]) {
  test(`a server that is stopped at byte ${holdAt} goes on from there when it is asked again`, async () => {
    await using hub = await openTestHub();
    await using house = await openModelHouse(hub);
    hub.whim = (request) => (request.host === 'content' ? { holdAt } : undefined);
    await house.start();
    await house.untilThere('model.bin', holdAt);
    await house.again();
    assert.equal(await house.isInstalled(), false);
    assert.deepEqual(house.downloads.ids(), []);
    hub.whim = () => undefined;
    assert.equal(await house.download(), null);
    await assertWhole(house, hub);
    const [before, after] = requestsFor('model.bin', hub);
    assert.deepEqual(
      [after?.headers.range, after?.headers['if-range']],
      [`bytes=${holdAt}-`, `"${before?.path.slice(1)}"`],
    );
  });
}

test('a file that is another one by the time its rest is asked for begins anew', async () => {
  await using hub = await openTestHub();
  await using house = await openModelHouse(hub);
  hub.whim = ({ host }) =>
    host === 'content' ? { holdAt: 5000, etag: '"old"', bytes: Buffer.alloc(200_000) } : undefined;
  await house.start();
  await house.untilThere('model.bin', 5000);
  hub.whim = () => undefined;
  hub.breakOff();
  assert.equal(await house.ended(), null);
  await assertWhole(house, hub);
  assert.equal(requestsFor('model.bin', hub).at(-1)?.headers['if-range'], '"old"');
});

test('a new commit between two tries leaves nothing of the old one', async () => {
  await using hub = await openTestHub();
  await using house = await openModelHouse(hub);
  hub.whim = ({ host }) => (host === 'content' ? { holdAt: 700 } : undefined);
  await house.start();
  await house.untilThere('model.bin', 700);
  await house.again();
  hub.whim = () => undefined;
  hub.files.set('model.bin', Buffer.alloc(300_000, 'new'));
  assert.equal(await house.download(), null);
  await assertWhole(house, hub);
  assert.equal(requestsFor('model.bin', hub).at(-1)?.headers.range, undefined);
});
