import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { readConfig } from '#src/config/config.ts';
import { openTestServer, type TestServer } from '../server.ts';
import { openTemporary } from '../temporary.ts';
import { upload } from '../upload.ts';
import type { Attack, Target } from './target.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

/** A server with the real engine that takes recordings of up to a minute. */
async function openServer(): Promise<TestServer> {
  const { engineCommand, modelDirectory } = readConfig(root, {}).server;
  const server = await openTestServer({
    server: { engineCommand, modelDirectory, maxDurationHours: 1 / 60, maxUploadsPerCaller: 100 },
  });
  await server.ask('mutation { setConfig(input: { numJobs: 2 }) { __typename } }');
  return server;
}

/** How the job of a file ends: COMPLETED, or the code of its failure; with its text. */
async function outcomeOf(
  server: TestServer,
  name: string,
  bytes: Buffer<ArrayBuffer>,
): Promise<{ readonly end: string; readonly text: string }> {
  const id = await upload(server, name, bytes);
  const { status, failure, transcript } = (
    await server.ask(`{ job(id: "${id}") { status failure { code } transcript } }`)
  ).data.job;
  return { end: failure?.code ?? status, text: transcript ?? '' };
}

/** A WAV file that says what it likes of itself. */
function wav(rate: number, bytes: number, channels = 1): Buffer<ArrayBuffer> {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + bytes, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2 * channels, 28);
  head.writeUInt16LE(2 * channels, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(bytes, 40);
  return Buffer.concat([head, Buffer.alloc(Math.min(bytes, 200_000))]);
}

/** A box of MP4. */
function box(type: string, ...content: readonly Buffer[]): Buffer<ArrayBuffer> {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(8 + content.reduce((sum, { length }) => sum + length, 0));
  return Buffer.concat([size, Buffer.from(type), ...content]);
}

/** A film whose sound is said to lie in another file. */
function movieOf(path: string): Buffer<ArrayBuffer> {
  const one = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]);
  const dref = box('dref', one, box('url ', Buffer.from([0, 0, 0, 0]), Buffer.from(`file://${path}\0`)));
  const inner = ['minf', 'mdia', 'trak', 'moov'].reduce((content, type) => box(type, content), box('dinf', dref));
  return Buffer.concat([box('ftyp', Buffer.from('qt  \0\0\0\0qt  ')), inner]);
}

/** Recordings that are made to hurt: of each the ways in which its job may end. */
function hostileFiles(secret: string): readonly { readonly name: string; readonly bytes: Buffer<ArrayBuffer> }[] {
  const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://${secret}\n#EXT-X-ENDLIST\n`;
  return [
    { name: 'list.m3u8', bytes: Buffer.from(playlist) },
    { name: 'list.mp3', bytes: Buffer.from(playlist) },
    { name: 'list.txt', bytes: Buffer.from(`ffconcat version 1.0\nfile '${secret}'\n`) },
    { name: 'list.wav', bytes: Buffer.from(`ffconcat version 1.0\nfile 'http://127.0.0.1:9/x.wav'\n`) },
    { name: 'film.mov', bytes: movieOf(secret) },
    { name: 'once-a-second.wav', bytes: wav(1, 200_000) },
    { name: 'two-billion-hertz.wav', bytes: wav(2_000_000_000, 200_000) },
    { name: 'sixty-thousand-channels.wav', bytes: wav(16_000, 200_000, 30_000) },
    { name: 'hours.wav', bytes: wav(16_000, 4_000_000_000) },
    { name: 'page.svg', bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>') },
    { name: 'empty-frames.mp3', bytes: Buffer.alloc(300_000, Buffer.from([0xff, 0xfb, 0x90, 0x00])) },
  ];
}

/** Files with bytes changed, taken out and put in, the same ones in each run. */
function fuzzed(bytes: Buffer<ArrayBuffer>, count: number): readonly Buffer<ArrayBuffer>[] {
  const change = fc.record({
    at: fc.nat(bytes.length - 1),
    value: fc.nat(255),
    kind: fc.constantFrom('set', 'cut', 'repeat'),
  });
  return fc.sample(fc.array(change, { minLength: 1, maxLength: 20 }), { numRuns: count, seed: 8 }).map((changes) =>
    changes.reduce((file, { at, value, kind }) => {
      const place = at % Math.max(1, file.length);
      if (kind === 'cut') return Buffer.concat([file.subarray(0, place), file.subarray(place + value)]);
      if (kind === 'repeat') return Buffer.concat([file.subarray(0, place), file.subarray(Math.max(0, place - value))]);
      const copy = Buffer.from(file);
      copy[place] = value;
      return copy;
    }, bytes),
  );
}

const fuzzedFiles = ({ effort }: Target) => (effort === 1 ? 4 : 100 * effort);
const atOnce = 8;

const writeKinds = `
import sys; sys.path.insert(0, sys.argv[2])
from pathlib import Path
from engine.tests.kinds import write_every_kind
write_every_kind(Path(sys.argv[1]))`;

/** Recordings to be changed, by name: those of the project, and a tone in everything that the engine reads. */
async function readSeeds(): Promise<readonly { readonly name: string; readonly bytes: Buffer<ArrayBuffer> }[]> {
  await using folder = await openTemporary();
  await run(join(root, '.venv/bin/python'), ['-c', writeKinds, folder.directory, join(root, 'runner')]);
  const coded = (await readdir(folder.directory)).toSorted().map((name) => join(folder.directory, name));
  const paths = [join(root, 'samples/jfk.flac'), join(root, 'runner/engine/sample.ogg'), ...coded];
  return Promise.all(paths.map(async (path) => ({ name: basename(path), bytes: await readFile(path) })));
}

/** What a recording itself may be made to do. */
export const byMedia: readonly Attack[] = [
  {
    name: 'playlists, films with sound elsewhere, rates and lengths that cannot be',
    defence:
      'formats, codecs and protocols of a list, samples that are counted, and an engine that can open nothing else (runner/engine/audio/media.py, runner/engine/confine.py)',
    async attack(target) {
      await using server = await openServer();
      for (const { name, bytes } of hostileFiles(join(target.outside, 'secret.wav'))) {
        const { end, text } = await outcomeOf(server, name, bytes);
        assert.doesNotMatch(text, /country/iu, `${name} read another file`);
        assert.match(end, /^(?:COMPLETED|MEDIA_[A-Z_]+)$/u, name);
      }
    },
    async twin() {
      await using server = await openServer();
      const { end, text } = await outcomeOf(server, 'speech.flac', await readFile(join(root, 'samples/jfk.flac')));
      assert.equal(end, 'COMPLETED');
      assert.match(text, /country/iu);
    },
  },
  {
    name: 'recordings with bytes changed, taken out and put in',
    defence:
      'damage is skipped or told by the engine, a process of its own (runner/engine/audio/media.py, runner/outcome.ts)',
    async attack(target) {
      await using server = await openServer();
      const seeds = await readSeeds();
      const count = fuzzedFiles(target);
      // As many of each, where there are not fewer than seeds: then of some that are evenly apart.
      const step = Math.max(1, Math.floor(seeds.length / count));
      const chosen = seeds.filter((_, at) => at % step === 0);
      const files = chosen.flatMap(({ name, bytes }) =>
        fuzzed(bytes.subarray(0, 60_000), Math.ceil(count / chosen.length)).map((changed) => ({
          name,
          bytes: changed,
        })),
      );
      for (let at = 0; at < files.length; at += atOnce) {
        const ends = await Promise.all(
          files
            .slice(at, at + atOnce)
            .map(async ({ name, bytes }) => ({ name, ...(await outcomeOf(server, name, bytes)) })),
        );
        for (const { end, name } of ends) assert.match(end, /^(?:COMPLETED|MEDIA_[A-Z_]+)$/u, name);
        assert.equal((await fetch(`${server.url}/health`)).status, 200);
      }
    },
    async twin() {
      await using server = await openServer();
      const { end } = await outcomeOf(server, 'sample.ogg', await readFile(join(root, 'runner/engine/sample.ogg')));
      assert.equal(end, 'COMPLETED');
    },
  },
];
