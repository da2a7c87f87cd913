// Sends a file by tus-js-client over a line that breaks after every so many bytes, to a server process of its own, and prints how long that took beside the
// same file in one multipart request, how much memory the server had, and for how long its event loop was held: npm run bench:uploads, or
// npm run bench:uploads -- MEGABYTES MEGABYTES for another size, and another distance between breaks, than 4,294 and 200
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open, statfs } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Upload } from 'tus-js-client';
import { openBreakingLine } from '#src/testing/breaking-line.ts';
import { openProcessHarness, residentBytes } from '#src/testing/process.ts';

const [bytes = 4_294_967_296, breakEvery = 200e6] = process.argv.slice(2).map((megabytes) => Number(megabytes) * 1e6);
const mega = (count: number) => `${Math.round(count / 1e6)} MB`;

await using harness = await openProcessHarness('speaks');
const { bavail, bsize } = await statfs(harness.directory);
if (bavail * bsize < 2.5 * bytes) throw new Error(`${mega(2.5 * bytes)} are needed in ${harness.directory}.`);
const file = join(harness.directory, 'large.bin');
await makeFile();
const { child, url } = harness.start();
const address = await url;
const before = await residentBytes(child.pid);
process.stdout.write(`${mega(bytes)}, memory of the server before: ${mega(before)}\n`);
await using line = await openBreakingLine(address, breakEvery);
await measure('tus', () => sendByTus(`${line.url}/uploads`));
process.stdout.write(`the line broke ${line.breaks()} times\n`);
await measure('multipart', sendByMultipart);

/** A file of which no two parts are the same. */
async function makeFile(): Promise<void> {
  await using handle = await open(file, 'w');
  const block = Buffer.alloc(1_048_576);
  for (let at = 0; at < bytes; at += block.length) {
    block.writeDoubleLE(at);
    await handle.write(block, 0, Math.min(block.length, bytes - at));
  }
}

async function measure(name: string, send: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  let most = 0;
  const watching = (async () => {
    while (!over.signal.aborted) {
      most = Math.max(most, await residentBytes(child.pid));
      await sleep(50);
    }
  })();
  await eventLoop();
  const began = performance.now();
  await send().finally(() => over.abort());
  const seconds = (performance.now() - began) / 1000;
  await watching;
  const { p99, max } = await eventLoop();
  process.stdout.write(
    `${name.padEnd(10)} ${seconds.toFixed(1)} s, ${Math.round(bytes / 1e6 / seconds)} MB/s; memory at most ${mega(most)}; event loop held for ${p99} ms at p99, ${max} ms at most\n`,
  );
}

/** For how many milliseconds the event loop of the server was held since this was last asked for. This process is busy itself: it cannot tell by how soon it is answered. */
async function eventLoop() {
  const text = await (await fetch(`${address}/metrics`)).text();
  const of = (name: string) =>
    Math.round(Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, 'mu').exec(text)?.[1]) * 1000);
  return { p99: of('p99'), max: of('max') };
}

function sendByTus(endpoint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(createReadStream(file), {
      endpoint,
      retryDelays: [0, 100, 1000],
      onError: reject,
      onSuccess: () => resolve(),
    });
    upload.start();
  });
}

function part(name: string, more = ''): string {
  return `--x\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
}

async function sendByMultipart(): Promise<void> {
  const query = 'mutation ($file: File!) { transcribe(input: { media: { upload: $file } }) { __typename } }';
  const operations = JSON.stringify({ query, variables: { file: null } });
  const head = `${part('operations')}${operations}\r\n${part('map')}{"0":["variables.file"]}\r\n${part('0', '; filename="large.bin"')}`;
  const tail = '\r\n--x--\r\n';
  const headers = {
    'content-type': 'multipart/form-data; boundary=x',
    'apollo-require-preflight': '1',
    'content-length': Buffer.byteLength(head) + bytes + tail.length,
  };
  const sent = request(`${address}/graphql`, { method: 'POST', headers });
  const answered = once(sent, 'response');
  sent.write(head);
  await pipeline(createReadStream(file), sent, { end: false });
  sent.end(tail);
  const [response] = await answered;
  let text = '';
  for await (const chunk of response) text += chunk;
  if (!text.includes('TranscribeSuccess')) throw new Error(text);
}
