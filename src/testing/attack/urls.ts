import assert from 'node:assert/strict';
import { eventsOf } from '../follow.ts';
import { type Answer, openRecordingServer, serving, telling } from '../recording-server.ts';
import { openTestServer, submit, type TestServer } from '../server.ts';
import { type Attack, operate, type Target } from './target.ts';

const transcribe =
  'mutation ($url: String) { transcribe(input: { media: { url: $url } }) { __typename ... on MediaRejectedError { reason } } }';

/** The ways in which an IPv4 address may be written, and written as IPv6. */
function spellingsOf(address: string): readonly string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const [high, low] = [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
  const octal = (value: number) => `0${value.toString(8)}`;
  const escaped = address.replaceAll(/./gu, (sign) => `%${sign.codePointAt(0)?.toString(16)}`);
  const spellings = [
    `${address} ${address}. ${escaped} ${address.replaceAll('.', '。')} ${number} 0x${number.toString(16)} ${octal(number)}`,
    `${a}.${b}.${c * 256 + d} ${a}.${(b * 256 + c) * 256 + d} 0x${a.toString(16)}.${b}.${octal(c)}.${d} ${octal(a)}.${b}.${c}.${d}`,
    `[::ffff:${address}] [::ffff:${high}:${low}] [::${address}] [::ffff:0:${address}]`,
    `[64:ff9b::${high}:${low}] [64:ff9b:1::${address}] [2002:${high}:${low}::] [2001::${high}:${low}]`,
  ];
  return spellings.flatMap((line) => line.split(' '));
}

const privateAddresses = [
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.1',
  '172.31.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
];
const privateHosts = [
  ...privateAddresses.flatMap(spellingsOf),
  '[::1]',
  '[::]',
  '0.0.0.0',
  '0',
  '[fe80::1]',
  '[fd00::1]',
  '[fec0::1]',
];

/** A server that may fetch from one address of this machine, and from no other. */
const openServer = () =>
  openTestServer({ server: { urlAllowedCidrs: ['127.0.0.2/32'], maxUploadBytes: 1_000_000, maxDownloads: 8 } });

const recording = Buffer.alloc(50_000, 'RIFF');

/** How the job of a URL ends: COMPLETED, or the code of its failure. */
async function endOf(server: TestServer, url: string): Promise<string> {
  const id = await submit(server, { media: { url } });
  await eventsOf(server.url, id);
  const { status, failure } = (await server.ask(`{ job(id: "${id}") { status failure { code message } } }`)).data.job;
  assert.doesNotMatch(JSON.stringify([failure, server.logs]), /inside-secret|query-secret/u);
  return failure?.code ?? status;
}

const twin = async (): Promise<void> => {
  await using source = await openRecordingServer(serving(recording), '127.0.0.2');
  await using server = await openServer();
  assert.equal(await endOf(server, `${source.origin}/speech.wav?query-secret`), 'COMPLETED');
};

const hostile: readonly (readonly [string, Answer])[] = [
  ['MEDIA_TOO_LARGE', (_, response) => endlessly(() => response.write(recording), response)],
  ['MEDIA_TOO_LARGE', telling(200, 'x', { 'content-length': '9000000000000000' })],
  ['MEDIA_EMPTY', telling(200)],
  ['DOWNLOAD_FAILED', (request, response) => telling(302, '', { location: request.url ?? '' })(request, response)],
  ['DOWNLOAD_FAILED', telling(302, '', { location: 'file:///etc/passwd' })],
  ['DOWNLOAD_FAILED', telling(302, '', { location: 'http://['.repeat(1000) })],
  ['DOWNLOAD_FAILED', telling(404, 'inside-secret')],
  ['DOWNLOAD_FAILED', telling(401, 'inside-secret', { 'www-authenticate': 'Basic realm="inside-secret"' })],
];

function endlessly(write: () => boolean, response: { on: (event: 'drain', listener: () => void) => unknown }): void {
  const more = () => {
    while (write());
  };
  response.on('drain', more);
  more();
}

/** What is done with addresses that the server fetches from. */
export const byUrl: readonly Attack[] = [
  {
    name: 'URLs of private networks, in a hundred spellings, by names and by redirections',
    defence:
      'addresses are refused as they are read, and each connection looks at the one that it is made to (src/media/media-url.ts, src/media/address-guard.ts)',
    async attack(target: Target) {
      for (const host of privateHosts) {
        const { data } = await operate(target, transcribe, {
          url: `http://${host}:${new URL(target.url).port}/secret`,
        });
        assert.notEqual(data.transcribe.__typename, 'TranscribeSuccess', host);
      }
      await using inside = await openRecordingServer(telling(200, 'inside-secret'));
      await using source = await openRecordingServer(() => undefined, '127.0.0.2');
      await using server = await openServer();
      assert.equal(await endOf(server, `http://localhost:${inside.port}/`), 'DOWNLOAD_FAILED');
      // A header holds no other letters.
      for (const host of ['localhost', ...spellingsOf('127.0.0.1').filter((each) => /^[ -~]+$/u.test(each))]) {
        source.answer = telling(302, '', { location: `http://${host}:${inside.port}/?query-secret` });
        assert.equal(await endOf(server, `${source.origin}/`), 'DOWNLOAD_FAILED', host);
      }
      assert.equal(inside.connections, 0);
    },
    twin,
  },
  {
    name: 'servers of recordings that send without an end, lie about lengths, lead round in circles and out of the web',
    defence:
      'at most maxUploadBytes, whatever is said; five redirections; 60 s for the next byte, one of a caller at a time (src/media/fetch-recording.ts, runner/downloads.ts)',
    async attack() {
      await using source = await openRecordingServer(() => undefined, '127.0.0.2');
      await using server = await openServer();
      for (const [end, answer] of hostile) {
        source.answer = answer;
        assert.equal(await endOf(server, `${source.origin}/?query-secret`), end);
      }
    },
    twin,
  },
];
