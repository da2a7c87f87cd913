import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { makeTestProject, quietProgress, startProgram } from '../testing/setup/test-project.mjs';
import { folderStep, requireSpace, takeLock, writeStamp } from './files.mjs';

type Fixture = ReturnType<typeof makeTestProject>;

function makeStep({ project, root }: Fixture, make: (staging: string) => Promise<string>) {
  return folderStep(project, {
    title: 'place',
    place: join(root, 'place'),
    megabytes: 0,
    isReady: (stamp) => stamp['made'] === true,
    make: ({ staging }) => make(staging),
  });
}

test('a finished folder replaces the old one, and nothing else is left', async () => {
  using fixture = makeTestProject();
  // Left by a set-up that was killed.
  fixture.write('.tools/tmp/half/file', '');
  for (const text of ['old', 'new']) {
    const step = makeStep(fixture, (staging) => {
      mkdirSync(join(staging, 'inner'));
      writeFileSync(join(staging, 'inner', 'file'), text);
      return Promise.resolve(writeStamp(join(staging, 'inner'), { made: true }));
    });
    await step.install(quietProgress());
    assert.equal(step.isReady(), true);
  }
  assert.equal(readFileSync(join(fixture.root, 'place', 'file'), 'utf8'), 'new');
  assert.deepEqual([readdirSync(fixture.root), readdirSync(join(fixture.root, '.tools'))], [['.tools', 'place'], []]);
});

test('a failure on the way leaves the old folder as it was', async () => {
  using fixture = makeTestProject();
  fixture.write('place/file', 'old');
  const step = makeStep(fixture, (staging) => {
    writeFileSync(join(staging, 'half'), '');
    return Promise.reject(new Error('no network'));
  });
  await assert.rejects(async () => await step.install(quietProgress()), /no network/u);
  assert.equal(step.isReady(), false);
  assert.deepEqual(readdirSync(join(fixture.root, 'place')), ['file']);
  assert.deepEqual(readdirSync(join(fixture.root, '.tools')), []);
});

test('too little room is told before anything is fetched, also for a folder yet to be made', async () => {
  using fixture = makeTestProject();
  await requireSpace(join(fixture.root, 'a', 'b'), 0);
  await assert.rejects(requireSpace(join(fixture.root, 'a', 'b'), 1e12), /needs 1000000000000 MB, \d+ MB are free/u);
});

const { signal } = new AbortController();

test('a second set-up waits until the first gives the lock back', async () => {
  using fixture = makeTestProject();
  const giveBack = await takeLock(fixture.root, { signal, onWait: () => assert.fail('nobody to wait for') });
  const order: string[] = [];
  const waiting = Promise.withResolvers<string>();
  const second = takeLock(fixture.root, { signal, onWait: waiting.resolve }).then((back) => {
    order.push('second');
    return back;
  });
  assert.equal(await waiting.promise, String(process.pid));
  order.push('first gives back');
  giveBack();
  (await second)();
  assert.deepEqual(order, ['first gives back', 'second']);
});

test('a wait ends when the user interrupts', async () => {
  using fixture = makeTestProject();
  const giveBack = await takeLock(fixture.root, { signal, onWait: () => {} });
  const controller = new AbortController();
  const onWait = () => controller.abort('SIGINT');
  await assert.rejects(takeLock(fixture.root, { signal: controller.signal, onWait }), (why) => why === 'SIGINT');
  giveBack();
});

test('the lock of a set-up that was killed counts for nothing, and goes to one of those who want it', async () => {
  using fixture = makeTestProject();
  const owner = `
    import { takeLock } from ${JSON.stringify(new URL('files.mjs', import.meta.url).href)};
    await takeLock(${JSON.stringify(fixture.root)}, { signal: new AbortController().signal, onWait() {} });
    console.log('taken');
  `;
  const killed = startProgram([process.execPath, '--input-type=module', '-e', owner], {});
  await killed.says(/taken/u);
  const gone = once(killed.child, 'exit');
  killed.child.kill('SIGKILL');
  await gone;
  let holders = 0;
  const takeTurn = async () => {
    const giveBack = await takeLock(fixture.root, { signal, onWait: () => {} });
    holders += 1;
    await setImmediate();
    assert.equal(holders, 1, 'one at a time');
    holders -= 1;
    giveBack();
  };
  await Promise.all([takeTurn(), takeTurn(), takeTurn()]);
});

test('where a lock can lie nowhere nobody waits', async () => {
  using fixture = makeTestProject();
  const { TMPDIR } = process.env;
  for (const folder of [join(fixture.root, 'gone'), join(fixture.root, 'x'.repeat(120))]) {
    if (folder.endsWith('x')) mkdirSync(folder);
    process.env['TMPDIR'] = folder;
    for (let time = 0; time < 2; time += 1)
      await takeLock(fixture.root, { signal, onWait: () => assert.fail('nobody to wait for') });
  }
  if (TMPDIR === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = TMPDIR;
});
