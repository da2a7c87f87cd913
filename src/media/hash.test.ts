import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashFile, startHashing } from './hash.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'phonograph-hash-'));
});
after(() => rm(directory, { recursive: true }));

const ofAbc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'; // FIPS 180-2, B.1

test('a file has the hash of its bytes, also while somebody else reads it', async () => {
  const path = join(directory, 'abc');
  await writeFile(path, 'abc');
  assert.equal(await hashFile(path), ofAbc);
  using file = await startHashing(path);
  assert.equal(await file.sha256(), ofAbc);
});

test('a file that has changed, is gone, was never there, or is no longer wanted has none', async () => {
  const path = join(directory, 'changes');
  await writeFile(path, 'abc');
  using changed = await startHashing(path);
  await appendFile(path, 'd');
  assert.equal(await changed.sha256(), null);
  using gone = await startHashing(path);
  await rm(path);
  assert.equal(await gone.sha256(), null);
  using nowhere = await startHashing(path);
  assert.equal(await nowhere.sha256(), null);
  await writeFile(path, 'x'.repeat(10_000_000));
  const unwanted = await startHashing(path);
  unwanted[Symbol.dispose]();
  assert.equal(await unwanted.sha256(), null);
});
