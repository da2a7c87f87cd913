import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  type Answer,
  breakOff,
  holding,
  openRecordingServer,
  serving,
  telling,
} from '#src/testing/recording-server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { StorageFullError } from '../errors.ts';
import { openGuardedAgent } from './address-guard.ts';
import { openArrival } from './arrival.ts';
import { type Fetching, fetchRecording, type Found, type Wanted } from './fetch-recording.ts';

/** Bytes that differ from place to place and from version to version. */
function recordingOf(length: number, version = 1): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * version + (at >> 8)) % 251));
}

const recording = recordingOf(20_000);
const anyRoom = { requireFreeSpace: () => Promise.resolve(), requireFreeSpaceFor: () => Promise.resolve() };
const secrets = ['alice', 'pass', 'signature'];

interface Options extends Partial<Fetching> {
  readonly lookup?: LookupFunction;
  readonly meter?: ReturnType<typeof openMeter>;
}

/** Tells a server what the client that it serves has put where it belongs. */
function openMeter() {
  const events = new EventEmitter();
  let there = 0;
  return {
    async onBytes(bytes: number) {
      there = bytes;
      events.emit('bytes');
    },
    async taken(bytes: number) {
      while (there < bytes) await once(events, 'bytes');
    },
  };
}

/** A server that answers in a way, and a place where its recording arrives, with what was told of it. */
async function openFetch(answer: Answer, options: Options = {}) {
  const { directory, stack } = await openTemporary();
  const server = stack.use(await openRecordingServer(answer));
  const { lookup, meter = openMeter(), ...changes } = options;
  const allowedCidrs = ['127.0.0.1/32'];
  const agent = openGuardedAgent({ allowedCidrs, ...(lookup && { lookup }) });
  stack.defer(() => agent.destroy());
  const fetching = { maxBytes: 1_000_000, space: anyRoom, folder: directory, silenceMs: 5000, pauseMs: 1 };
  const places = { path: join(directory, 'arriving'), keepAs: join(directory, 'kept') };
  const begun: Found[] = [];
  const troubles: string[] = [];
  return {
    server,
    begun,
    troubles,
    /** Fetches what is at a path of the server, or at an address, as a process does that has just been started. */
    async fetch(path = '/speech.wav', how: Partial<Wanted> = {}) {
      await using arrival = await openArrival(places);
      const url = path.startsWith('/') ? `http://alice:pass@127.0.0.1:${server.port}${path}?signature=x` : path;
      const wanted: Wanted = {
        url,
        validator: begun.at(-1)?.validator ?? null,
        signal: new AbortController().signal,
        onBytes: meter.onBytes,
        onBegin: async (found) => void begun.push(found),
        onTrouble: ({ message }) => void troubles.push(message),
        ...how,
      };
      try {
        await fetchRecording(wanted, arrival, { ...fetching, agent, allowedCidrs, ...changes });
        return { bytes: arrival.bytes, sha256: await arrival.keep() };
      } catch (error) {
        const {
          message = '',
          reason = '',
          passes,
        } = error as Partial<Record<'message' | 'reason', string>> & {
          passes?: boolean;
        };
        for (const secret of secrets) assert.ok(!`${message}${troubles.join()}`.includes(secret), message);
        return { message, reason, passes };
      }
    },
    kept: () => readFile(places.keepAs),
    arrived: () => readFile(places.path),
    ranges: () => server.requests.map(({ headers }) => headers.range),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test('a recording arrives with its hash and the name that it is given', async () => {
  const disposition = `attachment; filename="a.wav"; filename*=UTF-8''..%2FM%C3%BCller%00.wav`;
  await using fetching = await openFetch(serving(recording, { headers: { 'content-disposition': disposition } }));
  assert.deepEqual(await fetching.fetch(), { bytes: 20_000, sha256: sha256(recording) });
  assert.deepEqual(await fetching.kept(), recording);
  assert.deepEqual(fetching.begun, [{ validator: '"1"', name: 'Müller.wav' }]);
  const [request] = fetching.server.requests;
  assert.equal(request?.headers['accept-encoding'], 'identity');
  assert.equal(request?.headers.authorization, `Basic ${Buffer.from('alice:pass').toString('base64')}`);
});

test('a name that cannot be read is none', async () => {
  for (const disposition of ['', ';;', 'attachment; filename', 'attachment; filename=""', 'x'.repeat(10_000)]) {
    await using fetching = await openFetch(serving(recording, { headers: { 'content-disposition': disposition } }));
    await fetching.fetch();
    assert.equal(fetching.begun[0]?.name, null, disposition);
  }
});

test('a line that breaks every few bytes is taken up where it broke', async () => {
  const meter = openMeter();
  await using fetching = await openFetch(serving(recording, { cutAfter: 3000, taken: meter.taken }), { meter });
  assert.deepEqual(await fetching.fetch(), { bytes: 20_000, sha256: sha256(recording) });
  const starts = [3000, 6000, 9000, 12_000, 15_000, 18_000].map((start) => `bytes=${start}-`);
  assert.deepEqual(fetching.ranges(), [undefined, ...starts]);
  assert.ok(fetching.server.requests.slice(1).every(({ headers }) => headers['if-range'] === '"1"'));
});

test('a line that breaks before anybody has looked at what came loses no more than is made up for', async () => {
  await using fetching = await openFetch(serving(recording, { cutAfter: 3000 }), { pauseMs: 20 });
  assert.deepEqual(await fetching.fetch(), { bytes: 20_000, sha256: sha256(recording) });
});

test('a process that was stopped in its middle is followed by one that goes on, and hashes what is there', async () => {
  const held = holding(recording, 7000);
  await using fetching = await openFetch(held.answer);
  const stopping = new AbortController();
  const onBytes = async (bytes: number) => {
    if (bytes === 7000) stopping.abort(new Error('stopped'));
  };
  assert.equal((await fetching.fetch('/a', { signal: stopping.signal, onBytes })).message, 'stopped');
  assert.deepEqual(await fetching.arrived(), recording.subarray(0, 7000));
  held.release();
  assert.deepEqual(await fetching.fetch('/a'), { bytes: 20_000, sha256: sha256(recording) });
  assert.deepEqual(fetching.ranges(), [undefined, 'bytes=7000-']);
  assert.deepEqual(await fetching.fetch('/a'), { bytes: 20_000, sha256: sha256(recording) });
  assert.equal(fetching.server.requests.length, 2, 'what is whole already is not asked for again');
});

test('a line that broke after the last byte has lost nothing', async () => {
  const meter = openMeter();
  const breaking: Answer = async (request, response) => {
    if (request.headers.range !== undefined) return serving(recording)(request, response);
    response.writeHead(200, { etag: '"1"' }).write(recording);
    await meter.taken(recording.length);
    breakOff(response);
  };
  await using fetching = await openFetch(breaking, { meter });
  assert.deepEqual(await fetching.fetch(), { bytes: 20_000, sha256: sha256(recording) });
  assert.deepEqual(fetching.ranges(), [undefined, 'bytes=20000-']);
});

test('a server that sends less of the rest than it was asked for is asked for what is still missing', async () => {
  const meter = openMeter();
  const partly: Answer = async ({ headers: { range } }, response) => {
    if (range === undefined) {
      response.writeHead(200, { etag: '"1"', 'content-length': recording.length }).write(recording.subarray(0, 3000));
      await meter.taken(3000);
      return breakOff(response);
    }
    const from = Number(/\d+/u.exec(range)?.[0]);
    const part = recording.subarray(from, from + 6000);
    const place = `bytes ${from}-${from + part.length - 1}/${recording.length}`;
    response.writeHead(206, { etag: '"1"', 'content-range': place, 'content-length': part.length }).end(part);
  };
  await using fetching = await openFetch(partly, { meter });
  assert.deepEqual(await fetching.fetch(), { bytes: 20_000, sha256: sha256(recording) });
  const starts = [3000, 9000, 15_000].map((start) => `bytes=${start}-`);
  assert.deepEqual(fetching.ranges(), [undefined, ...starts]);
});

test('what has become another recording begins anew, between two tries and between two processes', async () => {
  const other = recordingOf(15_000, 3);
  const versions = [serving(recording, { etag: '"old"', cutAfter: 9000 }), serving(other, { etag: '"new"' })];
  await using fetching = await openFetch((...asked) =>
    (versions.length > 1 ? versions.shift() : versions[0])?.(...asked),
  );
  assert.deepEqual(await fetching.fetch(), { bytes: 15_000, sha256: sha256(other) });
  assert.deepEqual(await fetching.kept(), other);
  assert.deepEqual(
    fetching.begun.map(({ validator }) => validator),
    ['"old"', '"new"'],
  );
  await using lying = await openFetch(serving(recording, { etag: '"old"', cutAfter: 9000 }));
  const parts = [serving(recording, { etag: '"old"', cutAfter: 9000 }), partOf(other, '"new"'), serving(other)];
  lying.server.answer = (...asked) => (parts.length > 1 ? parts.shift() : parts[0])?.(...asked);
  assert.deepEqual(await lying.fetch(), { bytes: 15_000, sha256: sha256(other) }, 'a part of another one, unasked');
});

/** Sends a part whatever it is asked if it is still the same. */
function partOf(bytes: Buffer, etag: string): Answer {
  return (request, response) => {
    const start = Number(/\d+/u.exec(request.headers.range ?? '')?.[0]);
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(206, { etag, 'content-range': range }).end(bytes.subarray(start));
  };
}

test('a server that has no ETag, or sends parts that nobody asked for, is begun with anew and given up', async () => {
  for (const etag of [null, 'W/"1"']) {
    const meter = openMeter();
    const answer = serving(recording, { etag, cutAfter: 3000, taken: meter.taken });
    await using fetching = await openFetch(answer, { meter });
    assert.equal((await fetching.fetch()).passes, true);
    assert.deepEqual(fetching.ranges(), [undefined, undefined, undefined, undefined, undefined]);
  }
  await using parts = await openFetch(partOf(recording, '"1"'));
  assert.match((await parts.fetch()).message ?? '', /another part/u);
});

test('a server that falls silent, before or after its first byte, is told of', async () => {
  const silent: readonly Answer[] = [
    () => undefined,
    (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('RIFF'),
  ];
  for (const answer of silent) {
    await using fetching = await openFetch(answer, { silenceMs: 50 });
    assert.deepEqual(await fetching.fetch(), {
      message: 'The server of the recording fell silent.',
      reason: '',
      passes: true,
    });
  }
});

test('one that is too large is refused, by what it says at once, and by what comes whatever it says', async () => {
  const maxBytes = 100_000;
  let sent = 0;
  const endless: Answer = (_, response) => {
    const more = () => {
      while (response.write(recording)) sent += recording.length;
    };
    response.on('drain', more);
    more();
  };
  const boasting: Answer = (_, response) =>
    void response.writeHead(200, { 'content-length': 5_000_000_000 }).write(recording);
  const bomb: Answer = (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000)));
  for (const [answer, most] of [
    [boasting, 0],
    [endless, maxBytes],
    [bomb, maxBytes],
  ] as const) {
    await using fetching = await openFetch(answer, { maxBytes });
    assert.equal((await fetching.fetch()).reason, 'TOO_LARGE');
    assert.ok((await fetching.arrived()).length <= most);
  }
  assert.ok(sent < 50_000_000);
});

test('one that ends before the length that it told is asked for again, and one without bytes is told', async () => {
  const meter = openMeter();
  const early: Answer = async (_, response) => {
    response.writeHead(200, { 'content-length': 30_000 }).write(recording);
    await meter.taken(recording.length);
    breakOff(response);
  };
  await using lying = await openFetch(early, { meter });
  assert.deepEqual([(await lying.fetch()).passes, lying.server.requests.length], [true, 5]);
  await using empty = await openFetch(telling(200));
  assert.equal((await empty.fetch()).reason, 'EMPTY');
});

test('what is packed on its way arrives unpacked, and is not taken up in its middle', async () => {
  const packed = gzipSync(recording);
  let tries = 0;
  await using fetching = await openFetch((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length, etag: '"1"' });
    if ((tries += 1) > 1) response.end(packed);
    else response.write(packed.subarray(0, 500), () => breakOff(response));
  });
  assert.deepEqual(await fetching.fetch(), { bytes: 20_000, sha256: sha256(recording) });
  assert.deepEqual(fetching.ranges(), [undefined, undefined]);
});

test('a status that stays is told, one that passes is waited for', async () => {
  for (const [status, requests] of [
    [404, 1],
    [403, 1],
    [500, 5],
    [503, 5],
    [429, 5],
  ] as const) {
    await using fetching = await openFetch(telling(status, '<b>signature</b>', { 'retry-after': '0' }));
    const { message } = await fetching.fetch();
    assert.equal(message, `The server of the recording answered with ${status}.`);
    assert.equal(fetching.server.requests.length, requests);
  }
  const answers = [telling(503), telling(500), serving(recording)];
  await using fetching = await openFetch((...asked) => answers.shift()?.(...asked));
  assert.equal((await fetching.fetch()).bytes, 20_000);
});

/** Leads from /N to /N-1, and at /0 to a goal. */
function leading(goal: string | Answer): Answer {
  return (request, response) => {
    const left = Number(/^\/(?<left>\d+)/u.exec(request.url ?? '')?.groups?.['left'] ?? 0);
    if (left === 0 && typeof goal !== 'string') return goal(request, response);
    return telling(302, 'signature', { location: left === 0 ? String(goal) : `/${left - 1}` })(request, response);
  };
}

test('five redirections are followed, and no sixth, no loop, and none to what is not the web', async () => {
  await using five = await openFetch(leading(serving(recording)));
  assert.equal((await five.fetch('/5')).bytes, 20_000);
  assert.ok(five.server.requests.every(({ headers }) => headers.authorization !== undefined));
  for (const path of ['/6', '/loop']) {
    await using fetching = await openFetch(leading('/loop'));
    assert.match((await fetching.fetch(path)).message ?? '', /redirects more than 5 times/u);
    assert.equal(fetching.server.requests.length, 6);
  }
  for (const goal of ['file:///etc/passwd', 'ftp://signature@127.0.0.1/', 'data:audio/wav,signature', 'http://[', '']) {
    await using fetching = await openFetch(leading(goal));
    const { message = '', passes } = await fetching.fetch('/0');
    assert.match(message, /no http or https address|more than 5/u);
    assert.equal(passes, false);
  }
});

test('a password stays with the origin that it is for', async () => {
  await using other = await openRecordingServer(serving(recording));
  await using fetching = await openFetch(leading(`${other.origin}/a.wav`));
  assert.equal((await fetching.fetch('/1')).bytes, 20_000);
  assert.ok(fetching.server.requests.every(({ headers }) => headers.authorization !== undefined));
  assert.equal(other.requests[0]?.headers.authorization, undefined);
});

test('nothing private is connected to, where a redirection leads there and where a name does', async () => {
  await using inside = await openRecordingServer(serving(recording), '127.0.0.2');
  const addresses = ['127.0.0.2', '2130706434', '0x7f.2', '[::ffff:127.0.0.2]'];
  for (const host of [...addresses, 'inside.example']) {
    const lookup: LookupFunction = (_, __, callback) => callback(null, [{ address: '127.0.0.2', family: 4 }]);
    await using fetching = await openFetch(leading(`http://${host}:${inside.port}/?signature`), { lookup });
    const { message = '', passes } = await fetching.fetch('/2');
    assert.match(message, /private network/u);
    assert.equal(passes, false);
  }
  assert.equal(inside.connections, 0);
});

test('a name that leads elsewhere the second time it is asked about is connected to the first time alone', async () => {
  await using inside = await openRecordingServer(serving(recording), '127.0.0.2');
  const answers = ['127.0.0.1', '127.0.0.2'];
  const lookup: LookupFunction = (_, __, callback) =>
    callback(null, [{ address: answers.shift() ?? '127.0.0.2', family: 4 }]);
  await using fetching = await openFetch(serving(recording, { cutAfter: 3000 }), { lookup });
  const rebound = `http://rebound.example:${fetching.server.port}/speech.wav`;
  const { message = '' } = await fetching.fetch(rebound);
  assert.match(message, /leads to rebound\.example, which is within a private network/u);
  assert.deepEqual([fetching.server.connections, inside.connections, answers], [1, 0, []]);
});

test('a disk without room is told before the first byte where the size is known, and while they come', async () => {
  const full = async () => {
    throw new StorageFullError('full');
  };
  const wanted: number[] = [];
  const space = {
    ...anyRoom,
    requireFreeSpaceFor: async (bytes: number) => {
      wanted.push(bytes);
      if (bytes > 10_000) await full();
    },
  };
  await using known = await openFetch(serving(recording), { space });
  assert.equal((await known.fetch()).message, 'full');
  assert.deepEqual([wanted, (await known.arrived()).length], [[20_000], 0]);
  let looks = 0;
  const growing = { ...anyRoom, requireFreeSpace: () => ((looks += 1) > 1 ? full() : Promise.resolve()) };
  const chunked: Answer = (_, response) => {
    for (let megabytes = 0; megabytes < 20; megabytes += 1) response.write(Buffer.alloc(1_048_576, 1));
    response.end();
  };
  await using unknown = await openFetch(chunked, { space: growing, maxBytes: 100_000_000 });
  assert.equal((await unknown.fetch()).message, 'full');
});

test('whoever does not want it any more is heard at once, also while it is waited for', async () => {
  for (const answer of [() => undefined, telling(503, '', { 'retry-after': '300' })]) {
    const leaving = new AbortController();
    await using fetching = await openFetch((...asked) => {
      setTimeout(() => leaving.abort(new Error('left')), 20);
      return answer(...asked);
    });
    assert.match((await fetching.fetch('/a', { signal: leaving.signal })).message ?? '', /left|aborted/u);
  }
});
