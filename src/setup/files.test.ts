import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { makeTestProject } from '../testing/setup/test-project.mjs';
import { makeFolder, removeLeftovers } from './files.mjs';

test('a finished folder replaces the old one, and nothing else is left', async () => {
  using fixture = makeTestProject();
  const place = join(fixture.root, 'place');
  const temporary = join(fixture.root, 'tmp');
  for (const text of ['old', 'new']) {
    await makeFolder(place, temporary, (staging) => {
      mkdirSync(join(staging, 'inner'));
      writeFileSync(join(staging, 'inner', 'file'), text);
      return Promise.resolve(join(staging, 'inner'));
    });
  }
  assert.equal(readFileSync(join(place, 'file'), 'utf8'), 'new');
  assert.deepEqual(readdirSync(fixture.root), ['place']);
});

test('a failure on the way leaves the old folder as it was', async () => {
  using fixture = makeTestProject();
  const place = join(fixture.root, 'place');
  fixture.write('place/file', 'old');
  const half = (staging: string): Promise<string> => {
    writeFileSync(join(staging, 'half'), '');
    return Promise.reject(new Error('no network'));
  };
  await assert.rejects(makeFolder(place, join(fixture.root, 'tmp'), half), /no network/u);
  assert.deepEqual(readdirSync(place), ['file']);
  assert.deepEqual(readdirSync(fixture.root), ['place']);
});

test('what a set-up that is gone has left is removed, what one at work has made is not', () => {
  using fixture = makeTestProject();
  const gone = `${2 ** 22 + 1}-1`;
  const atWork = `${process.pid}-1`;
  for (const name of [gone, atWork]) fixture.write(`tmp/${name}/file`, '');
  removeLeftovers(join(fixture.root, 'tmp'));
  assert.equal(existsSync(join(fixture.root, 'tmp', gone)), false);
  assert.equal(existsSync(join(fixture.root, 'tmp', atWork)), true);
});
