import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { openS3Server } from '#src/testing/s3-server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { readConfig } from '../config/config.ts';
import { type CopyOptions, copyRecordings } from './copy-recordings.ts';
import { openDiskSpace } from './disk.ts';
import { openMedia } from './open.ts';

test('recordings are copied from a folder to S3 and back, and none that is damaged', async () => {
  await using temporary = await openTemporary();
  const { directory, stack } = temporary;
  const s3 = stack.use(await openS3Server(directory));
  const { server } = readConfig(join(import.meta.dirname, '../..'), {});
  const space = { requireFreeSpace: async () => undefined };
  const open = async (name: string, changes: object) => {
    const settings = { ...server, dataDirectory: join(directory, name), ...changes };
    await mkdir(join(settings.dataDirectory, 'media'), { recursive: true });
    const opened = await openMedia(settings, openDiskSpace(settings), () => undefined);
    return stack.use(opened).media;
  };
  const from = await open('from', {});
  const bucket = await open('node', {
    mediaStore: 's3://recordings/moved',
    s3Endpoint: s3.endpoint,
    s3PathStyle: true,
  });
  const back = await open('back', {});
  const sound = Buffer.alloc(300_000, 'sound');
  const sha256 = createHash('sha256').update(sound).digest('hex');
  const known = [
    { kept: 'whole', bytes: sound.length, sha256 },
    { kept: 'unhashed', bytes: sound.length, sha256: null },
    { kept: 'damaged', bytes: sound.length, sha256 },
    { kept: 'short', bytes: sound.length, sha256 },
  ];
  for (const { kept } of known) {
    const bytes = kept === 'damaged' ? Buffer.alloc(sound.length, 'noise') : sound;
    await writeFile(join(directory, 'from/media', kept), kept === 'short' ? bytes.subarray(1) : bytes);
  }
  const copy = (sides: Pick<CopyOptions, 'from' | 'to'>) => {
    const signal = new AbortController().signal;
    return copyRecordings(each(known), { ...sides, space, signal, onCopied: () => undefined });
  };
  const copied = { recordings: 2, bytes: 2 * sound.length, missing: ['short'], damaged: ['damaged'] };
  for (const _time of ['first', 'again']) assert.deepEqual(await copy({ from, to: bucket }), copied);
  assert.deepEqual(await copy({ from: bucket, to: back }), { ...copied, missing: ['damaged', 'short'], damaged: [] });
  for (const store of [from, bucket, back]) {
    await using recording = await store.open({ key: { kept: 'whole' }, bytes: sound.length });
    assert.ok(recording !== null);
    assert.ok(sound.equals(await buffer(recording.read(0, sound.length - 1))));
  }
  assert.equal(await back.look({ kept: 'damaged' }), null);
});

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
