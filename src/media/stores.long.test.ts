import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Upload as TusUpload } from '@tus/server';
import { nanoid } from 'nanoid';
import { openS3Server, type S3Server } from '#src/testing/s3-server.ts';
import { openTemporary, type Temporary } from '#src/testing/temporary.ts';
import { readConfig } from '../config/config.ts';
import type { MediaKey } from '../jobs/job.ts';
import { openDiskSpace } from './disk.ts';
import { openMedia } from './open.ts';
import type { MediaStore } from './store.ts';
import { inChunks, keep, keptOf, maxUploadBytes, mediaStoreContract, type OpenedMedia } from './store.contract.ts';

const mebibyte = 1_048_576;

/** Settings of a server in a directory. */
function settingsOf(directory: string, changes: Readonly<Record<string, unknown>>) {
  const { server } = readConfig(join(import.meta.dirname, '../..'), {});
  const dataDirectory = join(directory, 'data');
  return { ...server, dataDirectory, minFreeBytes: 0, maxUploadBytes, maxUnfinishedUploadsPerCaller: 3, ...changes };
}

const troubles: object[] = [];
const onTrouble = (trouble: object) => void troubles.push(trouble);

async function openFolder(): Promise<OpenedMedia> {
  const { directory, stack } = await openTemporary();
  const settings = settingsOf(directory, {});
  await mkdir(settings.dataDirectory);
  const open = async () => stack.use(await openMedia(settings, openDiskSpace(settings), onTrouble));
  return {
    ...(await open()),
    kept: () => readdir(join(settings.dataDirectory, 'media')),
    again: open,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

mediaStoreContract('in the data directory', openFolder);

test('servers that share a folder go on with each other’s uploads, and take nothing away that is new', async () => {
  await using temporary = await openTemporary();
  const { directory, stack } = temporary;
  const mediaStore = join(directory, 'shared');
  const openServer = async (name: string) => {
    const settings = settingsOf(join(directory, name), { mediaStore });
    for (const folder of [mediaStore, settings.dataDirectory]) await mkdir(folder, { recursive: true });
    return stack.use(await openMedia(settings, openDiskSpace(settings), onTrouble));
  };
  const one = await openServer('one');
  const key = one.uploads.keyOf('alice', 'x'.repeat(21));
  await one.uploads.files.create(new TusUpload({ id: key, size: 5, offset: 0, metadata: {} }));
  await one.uploads.files.write(Readable.from([Buffer.from('abc')]), key, 0);
  const kept = await keep(one.media, Buffer.from('12345'));
  await writeFile(join(mediaStore, 'uploads/coming.part'), 'x');
  const other = await openServer('other');
  assert.deepEqual(await readdir(join(mediaStore, 'uploads')), ['coming.part']);
  assert.deepEqual((await Array.fromAsync(other.media.sweepable())).flat(), []);
  assert.equal((await other.uploads.files.getUpload(key)).offset, 3);
  await other.uploads.files.write(Readable.from([Buffer.from('de')]), key, 3);
  const found = await (await one.uploads.find('alice', 'x'.repeat(21))).keep();
  for (const [each, text] of [
    [kept, '12345'],
    [found, 'abcde'],
  ] as const) {
    await using recording = await other.media.open({ key: each, bytes: 5 });
    assert.ok(recording !== null);
    assert.equal((await buffer(recording.read(0, 4))).toString(), text);
  }
  const problem = () => other.media.problem(new AbortController().signal);
  assert.equal(await problem(), null);
  await rename(join(mediaStore, 'media'), join(mediaStore, 'away'));
  assert.match((await problem()) ?? '', /cannot be used \(ENOENT\)/u);
  await rename(join(mediaStore, 'away'), join(mediaStore, 'media'));
  assert.equal(await problem(), null);
});

describe('S3', () => {
  let [temporary, server]: [Temporary | null, S3Server | null] = [null, null];
  before(async () => {
    temporary = await openTemporary();
    server = temporary.stack.use(await openS3Server(temporary.directory));
  });
  after(() => temporary?.[Symbol.asyncDispose]());

  /** A part of the bucket for each test. */
  async function openS3(changes: Readonly<Record<string, unknown>> = {}) {
    assert.ok(server !== null);
    const s3 = server;
    const { directory, stack } = await openTemporary();
    const prefix = `tests/${nanoid()}`;
    const mediaStore = `s3://recordings/${prefix}`;
    const place = { mediaStore, s3Endpoint: s3.endpoint, s3PathStyle: true };
    const settings = settingsOf(directory, { ...place, ...changes });
    await mkdir(settings.dataDirectory);
    const open = async () => stack.use(await openMedia(settings, openDiskSpace(settings), onTrouble));
    const folder = join(s3.folder, 'recordings', prefix, 'media');
    return {
      s3,
      ...(await open()),
      cached: () => readdir(join(settings.dataDirectory, 'cache')),
      kept: () => readdir(folder).catch((): string[] => []),
      again: open,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  }

  mediaStoreContract('in S3', openS3);

  const recording = randomBytes(12 * mebibyte);
  const away = { name: 'RequestError', code: 'SERVICE_UNAVAILABLE' };

  test('a server that is killed while it is written to or away is told of, and all goes on when it is back', async () => {
    await using opened = await openS3();
    const { media, uploads, s3 } = opened;
    const key = await keep(media, recording);
    async function* killing(): AsyncGenerator<Buffer> {
      for (const [at, chunk] of [...inChunks(recording, mebibyte)].entries()) {
        if (at === 10) await s3.kill();
        yield chunk;
      }
    }
    const upload = await media.receive('a', Readable.from(killing()));
    assert.equal(upload.refusal?.code, away.code);
    assert.equal(upload.bytes >= recording.length - mebibyte, true, 'its sender is heard to the end');
    const asked = [
      media.open({ key, bytes: recording.length }),
      media.arrive('a'),
      Array.fromAsync(media.sweepable()),
      // An upload that may be there is not said to be none.
      uploads.find('alice', 'x'.repeat(21)),
    ];
    await Promise.all(asked.map((each) => assert.rejects(each, away)));
    const [trouble, ...more] = troubles;
    assert.match(JSON.stringify(trouble), /ECONNREFUSED/u);
    assert.deepEqual(more, [], 'it is told once a minute');
    await s3.start();
    await media.removeOldArrivals(Date.now() + 25 * 3_600_000);
    assert.equal((await opened.kept()).length, 1);
    await using found = await media.open({ key, bytes: recording.length });
    assert.ok(found !== null);
  });

  test('who reads, or fetches for an engine, from a server that is killed has every byte once it is back', async () => {
    await using opened = await openS3();
    const { media, s3 } = opened;
    const key = await keep(media, recording);
    await using found = await media.open({ key, bytes: recording.length });
    assert.ok(found !== null);
    const read: Buffer[] = [];
    for await (const chunk of found.read(0, recording.length - 1) as AsyncIterable<Buffer>) {
      read.push(chunk);
      if (read.length !== 3) continue;
      await s3.kill();
      await s3.start();
    }
    assert.ok(Buffer.concat(read).equals(recording));
    await s3.kill();
    const fetching = found.local();
    await s3.start();
    assert.ok((await readFile((await fetching).path)).equals(recording));
  });

  test('a fetch that is broken off goes on where it was, in another process too', async () => {
    await using opened = await openS3();
    const key = await keep(opened.media, recording);
    const stopping = new AbortController();
    const fetch = async (media: MediaStore, signal: AbortSignal) => {
      await using found = await media.open({ key, bytes: recording.length });
      return await readFile((await found?.local(signal))?.path ?? '');
    };
    const fetching = fetch(opened.media, stopping.signal);
    const isComing = async () => (await opened.cached()).some((name) => name.endsWith('.part'));
    while (!(await isComing())) await setImmediate();
    stopping.abort(new Error('stopped'));
    await assert.rejects(fetching, { message: 'stopped' });
    const { media } = await opened.again();
    assert.ok((await fetch(media, new AbortController().signal)).equals(recording));
    assert.deepEqual((await opened.cached()).length, 1);
  });

  test('the cache keeps what was used last, and what is in use, whatever its size', async () => {
    await using opened = await openS3({ mediaCacheBytes: 250 });
    const bytes = 100;
    const keys: MediaKey[] = [];
    for (let count = 0; count < 4; count += 1) keys.push(await keep(opened.media, randomBytes(bytes)));
    const hold = async (number: number, media = opened.media) => {
      const found = await media.open({ key: keys[number] ?? assert.fail(), bytes });
      await found?.local();
      return found ?? assert.fail();
    };
    const names = async () => {
      const order = keys.map(keptOf);
      return (await opened.cached()).map((name) => order.findIndex((each) => name.startsWith(each))).toSorted();
    };
    for (const number of [0, 1, 0, 2]) {
      await (await hold(number))[Symbol.asyncDispose]();
      await sleep(2); // The next millisecond is another time.
    }
    assert.deepEqual(await names(), [0, 2]);
    const held = [await hold(0), await hold(1), await hold(3), await hold(3)];
    assert.deepEqual(await names(), [0, 1, 3]);
    for (const each of held) await each[Symbol.asyncDispose]();
    assert.deepEqual((await names()).length, 2);
    const { media } = await opened.again();
    await (await hold(2, media))[Symbol.asyncDispose]();
    assert.deepEqual((await names()).length, 2);
    await media.remove(keptOf(keys[2] ?? assert.fail()));
    assert.deepEqual((await names()).length, 1);
    await media.removeOldArrivals(Date.now() + 25 * 3_600_000);
    assert.deepEqual(await names(), []);
  });
});
