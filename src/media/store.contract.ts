import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Upload as TusUpload } from '@tus/server';
import type { MediaRejectedError } from '../errors.ts';
import type { MediaKey } from '../jobs/job.ts';
import type { ResumableUploads } from './resumable-uploads.ts';
import type { SampleStore } from './samples/samples.ts';
import type { MediaStore } from './store.ts';

/** A media store that a test has for itself. */
export interface OpenedMedia extends AsyncDisposable {
  readonly media: MediaStore;
  readonly uploads: ResumableUploads;
  readonly samples: SampleStore;
  /** Names of all copies that are there. */
  kept(): Promise<readonly string[]>;
  /** Opens it again, as after a kill. */
  again(): Promise<Pick<OpenedMedia, 'media' | 'uploads' | 'samples'>>;
}

const mebibyte = 1_048_576;
/** More than may be held. 300 MiB have been sent, too; they take longer than they tell more. */
const streamBytes = Number(process.env['PHONOGRAPH_TEST_STREAM_BYTES'] ?? 64 * mebibyte);
/** What a client may send in the tests. */
export const maxUploadBytes = streamBytes;

/** More than one part of S3, and an end that is none. */
const recording = randomBytes(11 * mebibyte + 7);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const unknown = { name: 'MediaRejectedError', reason: 'UPLOAD_UNKNOWN' };

/** Bytes as they come from a socket. */
export function* inChunks(bytes: Buffer, length = 65_536): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** Has a recording kept, and answers its key. */
export async function keep(media: MediaStore, bytes = recording): Promise<MediaKey> {
  const upload = await media.receive('a.wav', Readable.from(inChunks(bytes)));
  assert.equal(upload.refusal, null);
  return upload.keep();
}

/** What a copy is called. */
export function keptOf(key: MediaKey): string {
  assert.ok('kept' in key);
  return key.kept;
}

/** What every adapter of the port must do, as tests; `open` gives each of them an empty store. */
export function mediaStoreContract(name: string, open: () => Promise<OpenedMedia>): void {
  describe(`the media store ${name}`, () => {
    describe('uploads', () => uploadsContract(open));
    describe('recordings', () => recordingsContract(open));
    describe('recordings that come in pieces', () => arrivalsContract(open));
    describe('uploads that go on', () => resumableContract(open));
    describe('sweeping', () => sweepingContract(open));
    describe('samples', () => samplesContract(open));
  });
}

type Open = () => Promise<OpenedMedia>;

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Bytes that are in use, and not only not yet collected. */
function heldBytes(): number {
  assert.ok(typeof collect === 'function');
  collect();
  return process.memoryUsage().arrayBuffers;
}

function samplesContract(open: Open): void {
  const { signal } = new AbortController();
  const write = async (samples: SampleStore, job: string, isKept: boolean): Promise<void> => {
    await using file = await samples.write(job, 4);
    await writeFile(file.path, job);
    if (isKept) await file.keep();
  };
  const read = async (samples: SampleStore, job: string): Promise<string | null> => {
    await using found = await samples.open(job, signal);
    return found === null ? null : await readFile(found.file.path, 'utf8');
  };

  test('samples are there for all when they are kept, until they are removed', async () => {
    await using opened = await open();
    const { samples } = opened;
    await write(samples, 'job_a', false);
    assert.equal(await read(samples, 'job_a'), null);
    await write(samples, 'job_a', true);
    await write(samples, 'job_a', true);
    const other = (await opened.again()).samples;
    for (const each of [samples, other]) assert.equal(await read(each, 'job_a'), 'job_a');
    await samples.remove('job_a');
    for (const each of [samples, other]) assert.equal(await read(each, 'job_a'), null);
    await samples.remove('job_a');
  });

  test('samples that no job needs are swept', async () => {
    await using opened = await open();
    const { samples } = opened;
    for (const job of ['job_a', 'job_b']) await write(samples, job, true);
    await samples.sweep(async (job) => job === 'job_a');
    assert.deepEqual([await read(samples, 'job_a'), await read(samples, 'job_b')], ['job_a', null]);
  });
}

function uploadsContract(open: Open): void {
  test('an upload is there with its hash when it is received, and is a job’s when it is kept', async () => {
    await using opened = await open();
    const { media } = opened;
    for (const bytes of [recording, Buffer.from('x')]) {
      const upload = await media.receive('../b/a\0 ü.wav', Readable.from(inChunks(bytes)));
      assert.deepEqual(
        [upload.name, upload.bytes, upload.sha256, upload.refusal],
        ['a ü.wav', bytes.length, sha256(bytes), null],
      );
      const key = await upload.keep();
      await upload.discard();
      await using found = await media.open({ key, bytes: bytes.length });
      assert.ok(found !== null);
      assert.equal(await found.sha256(), sha256(bytes));
    }
  });

  test('what is empty, or too large, is refused and leaves nothing, and its sender is heard to the end', async () => {
    await using opened = await open();
    const reasonOf = async (bytes: Iterable<Buffer>) =>
      ((await opened.media.receive('a', Readable.from(bytes))).refusal as MediaRejectedError).reason;
    assert.equal(await reasonOf([]), 'EMPTY');
    let sent = 0;
    function* endless() {
      for (; sent < maxUploadBytes + 10 * mebibyte; sent += mebibyte) yield zeros;
    }
    const zeros = Buffer.alloc(mebibyte);
    assert.equal(await reasonOf(endless()), 'TOO_LARGE');
    assert.ok(sent >= maxUploadBytes + 10 * mebibyte);
    assert.deepEqual(await opened.kept(), []);
  });

  test('an upload that breaks off leaves nothing, and one that no job takes goes', async () => {
    await using opened = await open();
    function* broken() {
      yield* inChunks(recording);
      throw new Error('the sender has left');
    }
    await assert.rejects(opened.media.receive('a', Readable.from(broken())), { message: 'the sender has left' });
    const unwanted = await opened.media.receive('a', Readable.from([recording]));
    await unwanted.discard();
    const undone = await opened.media.receive('a', Readable.from([recording]));
    await undone.keep();
    await undone.undo();
    assert.deepEqual(await opened.kept(), []);
  });

  test('a long upload is passed on as it comes, and read back so', async () => {
    await using opened = await open();
    const piece = randomBytes(mebibyte);
    const pieces = streamBytes / mebibyte;
    const before = heldBytes();
    let most = 0;
    const look = () => (most = Math.max(most, heldBytes() - before));
    function* long() {
      for (let count = 0; count < pieces; count += 1) {
        if (count % 8 === 0) look();
        // A copy, as a socket gives a new one each time.
        yield Buffer.from(piece);
      }
    }
    const upload = await opened.media.receive('a', Readable.from(long()));
    const key = await upload.keep();
    await using found = await opened.media.open({ key, bytes: streamBytes });
    assert.ok(found !== null);
    const hash = createHash('sha256');
    let read = 0;
    for await (const chunk of found.read(0, streamBytes - 1) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      read += chunk.length;
      if (read % (8 * mebibyte) < chunk.length) look();
    }
    assert.equal(hash.digest('hex'), upload.sha256);
    assert.ok(most < 48 * mebibyte, `${most} bytes were held`);
  });
}

function recordingsContract(open: Open): void {
  test('any range of a recording is read as it is', async () => {
    await using opened = await open();
    const key = await keep(opened.media);
    await using found = await opened.media.open({ key, bytes: recording.length });
    assert.ok(found !== null);
    const last = recording.length - 1;
    const ranges = [
      [0, 0],
      [1, 3],
      [last, last],
      [5 * mebibyte - 1, 5 * mebibyte + 1],
      [0, last],
    ] as const;
    for (const [start, end] of ranges) {
      const body = found.read(start, end);
      const bytes = await buffer(body);
      assert.ok(bytes.equals(recording.subarray(start, end + 1)), `${start}-${end}`);
      assert.equal(body.bytesRead, end - start + 1);
    }
  });

  test('a reader that leaves in the middle takes nothing with it', async () => {
    await using opened = await open();
    const key = await keep(opened.media);
    await using found = await opened.media.open({ key, bytes: recording.length });
    assert.ok(found !== null);
    for await (const chunk of found.read(0, recording.length - 1)) if (chunk !== null) break;
    await using again = await opened.media.open({ key, bytes: recording.length });
    assert.ok(again !== null);
    assert.equal((await buffer(again.read(0, 9))).length, 10);
  });

  test('an engine has a file of it, with what tells it from others, as long as it is open', async () => {
    await using opened = await open();
    const key = await keep(opened.media);
    await using found = await opened.media.open({ key, bytes: recording.length });
    assert.ok(found !== null);
    const file = await found.local();
    assert.ok((await readFile(file.path)).equals(recording));
    assert.deepEqual([file.bytes, /^\d+$/u.test(file.inode)], [recording.length, true]);
    assert.equal(await found.sha256(), sha256(recording));
  });

  test('what is gone, has another size, or has a name that leads elsewhere is not there', async () => {
    await using opened = await open();
    const { media } = opened;
    const key = await keep(media);
    assert.deepEqual((await media.look(key))?.bytes, recording.length);
    assert.equal(await media.open({ key, bytes: 1 }), null);
    for (const kept of ['none', '..', '.', '', `../media/${keptOf(key)}.`, 'a b', 'ü', '%2e%2e', 'a?b#c']) {
      assert.equal(await media.look({ kept }), null, kept);
    }
    await media.remove(keptOf(key));
    assert.equal(await media.look(key), null);
    await media.remove(keptOf(key));
  });
}

function arrivalsContract(open: Open): void {
  test('what comes in pieces, and in several processes, is kept with its hash, and still there for who could not tell', async () => {
    await using opened = await open();
    const [first, rest] = [recording.subarray(0, mebibyte), recording.subarray(mebibyte)];
    {
      await using arrival = await opened.media.arrive('kept-name');
      await arrival.append(Buffer.from('of another version'));
      await arrival.restart();
      await arrival.append(first);
    }
    const { media } = await opened.again();
    {
      await using arrival = await media.arrive('kept-name');
      assert.deepEqual([arrival.bytes, arrival.isWhole], [mebibyte, false]);
      await arrival.append(rest);
      assert.equal(await arrival.keep(), sha256(recording));
    }
    await using again = await media.arrive('kept-name');
    assert.deepEqual([again.bytes, again.isWhole, await again.keep()], [recording.length, true, sha256(recording)]);
    await using found = await media.open({ key: { kept: 'kept-name' }, bytes: recording.length });
    assert.equal(await found?.sha256(), sha256(recording));
  });

  test('what has come goes with its job', async () => {
    await using opened = await open();
    {
      await using arrival = await opened.media.arrive('unwanted');
      await arrival.append(recording);
    }
    await opened.media.remove('unwanted');
    await using arrival = await opened.media.arrive('unwanted');
    assert.equal(arrival.bytes, 0);
  });
}

const id = 'x'.repeat(21);

/** Begins an upload of alice. */
async function begin({ files, keyOf }: ResumableUploads, size = recording.length): Promise<string> {
  const key = keyOf('alice', id);
  await files.create(new TusUpload({ id: key, size, offset: 0, metadata: { filename: 'a.wav' } }));
  return key;
}

function resumableContract(open: Open): void {
  test('an upload goes on where it was, in another process too, and is a job’s when it has come to its end', async () => {
    await using opened = await open();
    const { files } = opened.uploads;
    const key = await begin(opened.uploads);
    const places = [0, 10, 6 * mebibyte, 6 * mebibyte + 1, recording.length];
    for (const [at, from] of places.slice(0, -1).entries()) {
      const part = recording.subarray(from, places[at + 1]);
      assert.equal((await files.getUpload(key)).offset, from);
      if (from > 0) await assert.rejects(opened.uploads.find('alice', id), { reason: 'UPLOAD_UNFINISHED' });
      assert.equal(await files.write(Readable.from(inChunks(part)), key, from), from + part.length);
    }
    const found = await opened.uploads.find('alice', id);
    assert.deepEqual([found.name, found.bytes], ['a.wav', recording.length]);
    const [one, other] = [await found.keep(), await (await opened.uploads.find('alice', id)).keep()];
    await found.undo();
    assert.equal(await opened.media.look(one), null);
    await files.remove(key);
    await using recordingOfOther = await opened.media.open({ key: other, bytes: recording.length });
    assert.equal(await recordingOfOther?.sha256(), sha256(recording), 'it stays when the upload goes');
    await assert.rejects(found.keep(), unknown);
    await assert.rejects(opened.uploads.find('alice', id), unknown);
  });

  test('uploads of somebody else, of no bytes, and of ids that lead elsewhere are none', async () => {
    await using opened = await open();
    const { uploads } = opened;
    const key = await begin(uploads, 0);
    await uploads.files.write(Readable.from([]), key, 0);
    await assert.rejects(uploads.find('alice', id), { reason: 'EMPTY' });
    for (const [owner, asked] of [
      ['bob', id],
      [null, id],
      ['alice', '..'],
      ['alice', `${id}.json`],
      ['alice', 'y'.repeat(21)],
    ] as const) {
      await assert.rejects(uploads.find(owner, asked), unknown);
    }
    await assert.rejects(uploads.files.getUpload(uploads.keyOf('bob', id)), { code: 'NOT_FOUND' });
    await assert.rejects(uploads.files.remove(uploads.keyOf('bob', id)), { code: 'NOT_FOUND' });
  });

  test('one caller has no more unfinished uploads than are allowed, and none for longer than a day', async () => {
    await using opened = await open();
    const { uploads } = opened;
    const create = (name: string) =>
      uploads.files.create(
        new TusUpload({ id: uploads.keyOf('alice', name.repeat(21)), size: 5, offset: 0, metadata: {} }),
      );
    for (const name of ['a', 'b', 'c']) await create(name);
    await assert.rejects(create('d'), { code: 'TOO_MANY_REQUESTS' });
    await uploads.files.write(Readable.from([Buffer.from('abcde')]), uploads.keyOf('alice', 'a'.repeat(21)), 0);
    await create('d');
    assert.equal(await uploads.removeExpired(), 0);
    const hours = (count: number) => Date.now() + count * 3_600_000;
    assert.equal(await uploads.removeExpired(hours(23)), 0);
    assert.equal(await uploads.removeExpired(hours(25)), 4);
    await assert.rejects(uploads.find('alice', 'a'.repeat(21)), unknown);
    await create('e');
  });
}

function sweepingContract(open: Open): void {
  test('what is new is not swept; what is thrown away of what is old is gone, and the rest stays', async () => {
    await using opened = await open();
    const [one, other] = [await keep(opened.media), await keep(opened.media)];
    const { media } = opened;
    const sweepable = async (hours: number) =>
      (await Array.fromAsync(media.sweepable(Date.now() + hours * 3_600_000))).flat().toSorted();
    assert.deepEqual(await sweepable(23), []);
    assert.deepEqual(await sweepable(25), [keptOf(one), keptOf(other)].toSorted());
    await media.throwAway([keptOf(one)]);
    assert.deepEqual(await opened.kept(), [keptOf(other)]);
    await media.removeOldArrivals(Date.now() + 25 * 3_600_000);
    assert.notEqual(await media.look(other), null);
  });
}
