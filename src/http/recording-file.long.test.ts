import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { Agent, get as httpGet, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';
import { upload } from '#src/testing/upload.ts';

async function urlOf(server: TestServer, id: string): Promise<string> {
  const { data } = await server.ask(`{ job(id: "${id}") { media { url } } }`);
  return data.job.media.url === null ? '' : `${server.url}${data.job.media.url}`;
}

const asked = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers });
  const range = response.headers.get('content-range');
  return { status: response.status, range, body: Buffer.from(await response.arrayBuffer()) };
};

/** How many files below a folder this process has open. */
function openBelow(folder: string): number {
  const paths = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // The folder's own, closed meanwhile.
    }
  });
  return paths.filter((path) => path.startsWith(folder)).length;
}

/** Settles when none of them is open; the server closes a file a moment after the last byte of the answer. */
async function allClosed(folder: string): Promise<void> {
  while (openBelow(folder) > 0) await new Promise(setImmediate);
}

test('a recording is played from a media root and from an upload, byte for byte', async () => {
  await using server = await openTestServer();
  const bytes = await readFile(join(server.media, 'speech.wav'));
  for (const id of [await submit(server), await upload(server, 'speech.wav', bytes)]) {
    const response = await fetch(await urlOf(server, id));
    assert.equal(response.status, 200);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
    const told = Object.fromEntries(response.headers);
    assert.equal(told['content-type'], 'audio/wav');
    assert.equal(told['content-length'], String(bytes.length));
    assert.equal(told['content-disposition'], 'inline; filename=speech.wav');
    assert.equal(told['accept-ranges'], 'bytes');
    assert.equal(told['cache-control'], 'private, no-cache');
    assert.equal(told['x-content-type-options'], 'nosniff');
    assert.equal(told['cross-origin-resource-policy'], 'same-origin');
    const head = await fetch(await urlOf(server, id), { method: 'HEAD', headers: { range: 'bytes=0-9' } });
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)]);
  }
  await allClosed(server.media);
});

test('one range is answered with that part, and what is none with all', async () => {
  await using server = await openTestServer();
  const bytes = await readFile(join(server.media, 'speech.wav'));
  const size = bytes.length;
  const url = await urlOf(server, await submit(server));
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 0],
    ['bytes=100-199', 100, 199],
    ['bytes=100-', 100, size - 1],
    ['bytes=-5', size - 5, size - 1],
    [`bytes=10-${size + 10}`, 10, size - 1],
    [`bytes=-${size + 10}`, 0, size - 1],
  ] as const) {
    assert.deepEqual(await asked(url, { range }), {
      status: 206,
      range: `bytes ${start}-${end}/${size}`,
      body: bytes.subarray(start, end + 1),
    });
  }
  for (const range of ['bytes=0-1,5-9', 'bytes=9-5', 'bytes=x', 'lines=0-5', 'nonsense']) {
    assert.deepEqual(await asked(url, { range }), { status: 200, range: null, body: bytes }, range);
  }
  for (const range of [`bytes=${size}-`, 'bytes=-0']) {
    const { body, ...told } = await asked(url, { range });
    assert.deepEqual(told, { status: 416, range: `bytes */${size}` });
    assert.match(body.toString(), /"The recording has \d+ bytes\."/u);
  }
  await allClosed(server.media);
});

test('what a player holds of this version is gone on with, and of another is sent anew', async () => {
  await using server = await openTestServer();
  const url = await urlOf(server, await submit(server));
  const { headers } = await fetch(url, { method: 'HEAD' });
  const [etag, date] = [headers.get('etag') ?? '', headers.get('last-modified') ?? ''];
  const range = 'bytes=5-9';
  assert.equal((await asked(url, { range, 'if-range': etag })).status, 206);
  assert.equal((await asked(url, { range, 'if-range': date })).status, 206);
  assert.equal((await asked(url, { range, 'if-range': '"other"' })).status, 200);
  assert.equal((await asked(url, { range, 'if-range': `W/${etag}` })).status, 200);
  assert.equal((await asked(url, { range, 'if-range': new Date(0).toUTCString() })).status, 200);
  assert.equal((await asked(url, { range, 'if-none-match': etag })).status, 304);
  assert.equal((await asked(url, { 'if-modified-since': date })).status, 304);
  assert.equal((await asked(url, { 'if-none-match': '"other"', 'if-modified-since': date })).status, 200);
  await allClosed(server.media);
});

test('what is no audio or video is bytes to a browser, and what has the name of a page runs nothing', async () => {
  const page = Buffer.from('<script>alert(1)</script>');
  const typeOf = async (server: TestServer, name: string) => {
    const { headers } = await fetch(await urlOf(server, await upload(server, name, page)), { method: 'HEAD' });
    return [headers.get('content-type'), headers.get('content-security-policy')];
  };
  await using unheard = await openTestServer({ engine: 'refuses' });
  const bytes = ['application/octet-stream', "default-src 'none'; sandbox"];
  const player = "default-src 'none'; media-src 'self'";
  assert.deepEqual(await typeOf(unheard, 'page.html'), bytes);
  assert.deepEqual(await typeOf(unheard, 'image.svg'), bytes);
  assert.deepEqual(await typeOf(unheard, 'song.mp3'), ['audio/mpeg', player]);
  // The engine of this test calls every recording a WAV.
  await using heard = await openTestServer();
  assert.deepEqual(await typeOf(heard, 'page.html'), ['audio/wav', player]);
});

test('a recording that is gone, changed or replaced has no url, and is 404', async () => {
  await using server = await openTestServer();
  const speech = join(server.media, 'speech.wav');
  const id = await submit(server);
  const played = async () => {
    const response = await fetch(`${server.url}/jobs/${id}/media`);
    await response.arrayBuffer();
    return [response.status, await urlOf(server, id)] as const;
  };
  assert.equal((await played())[0], 200);
  const bytes = await readFile(speech);
  await rename(speech, join(server.media, 'elsewhere.wav'));
  assert.deepEqual(await played(), [404, '']);
  await writeFile(speech, bytes.subarray(1));
  assert.deepEqual(await played(), [404, '']);
  await writeFile(speech, bytes);
  assert.equal((await played())[0], 200);
  assert.equal((await fetch(`${server.url}/jobs/job_unknown/media`)).status, 404);
  await allClosed(server.media);
});

/** Asks for a recording and takes its first bytes alone. */
async function beginToPlay(url: string, agent: Agent | false = false): Promise<IncomingMessage> {
  const [response] = (await once(httpGet(url, { agent }), 'response')) as [IncomingMessage];
  await once(response, 'readable');
  return response;
}

/** More than the buffers of two sockets take. */
const large = () => randomBytes(12 * 1_048_576);

test('a client that leaves in the midst leaves no file open', async () => {
  await using server = await openTestServer();
  await writeFile(join(server.media, 'large.wav'), large());
  const id = await submit(server, { media: { path: 'large.wav' } });
  const response = await beginToPlay(await urlOf(server, id));
  assert.ok(openBelow(server.media) > 0);
  response.destroy();
  await allClosed(server.media);
  assert.ok(server.logs.every(({ event }) => event !== 'request failed'));
});

test('a job that is deleted while it is played is played to its end', async () => {
  await using server = await openTestServer();
  const bytes = large();
  const id = await upload(server, 'large.wav', bytes);
  const response = await beginToPlay(await urlOf(server, id));
  const { data } = await server.ask(`mutation { deleteJob(id: "${id}") { __typename } }`);
  assert.equal(data.deleteJob.__typename, 'DeleteJobSuccess');
  assert.deepEqual(Buffer.concat(await Array.fromAsync(response)), bytes);
});

test('a file that becomes shorter while it is played breaks off, so that nobody takes it for whole', async () => {
  await using server = await openTestServer();
  await writeFile(join(server.media, 'large.wav'), large());
  const id = await submit(server, { media: { path: 'large.wav' } });
  const agent = new Agent({ keepAlive: true });
  const response = await beginToPlay(await urlOf(server, id), agent);
  await truncate(join(server.media, 'large.wav'), 1000);
  await assert.rejects(Array.fromAsync(response), /aborted/u);
  agent.destroy();
});

test('FFmpeg plays a recording over HTTP, and seeks in it', async () => {
  await using server = await openTestServer();
  const python = join(import.meta.dirname, '../../.venv/bin/python');
  const play = `
import json, sys, av
def seconds(source, seek):
    with av.open(source) as file:
        stream = file.streams.audio[0]
        if seek: file.seek(seek * av.time_base)
        times = [frame.time for frame in file.decode(stream)]
        return [round(times[0], 1), round(times[-1], 1)]
print(json.dumps([seconds(source, at) for at in (0, 8) for source in sys.argv[1:]]))
`;
  const url = await urlOf(server, await submit(server));
  const { stdout } = await promisify(execFile)(python, ['-c', play, url, join(server.media, 'speech.wav')]);
  const [whole, wholeFile, part, partOfFile] = JSON.parse(stdout);
  assert.deepEqual([whole, part], [wholeFile, partOfFile]);
  assert.ok(part[0] > 6 && whole[0] === 0);
});
