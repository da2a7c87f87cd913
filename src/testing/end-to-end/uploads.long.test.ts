import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { execa } from 'execa';
import { Upload, type UploadOptions } from 'tus-js-client';
import { openBreakingLine } from '#src/testing/breaking-line.ts';
import { newCaller } from '#src/testing/caller.ts';
import { openBrowser, skipWithoutBrowser } from '#src/testing/chromium.ts';
import { eventsOf } from '#src/testing/follow.ts';
import { openProcessHarness } from '#src/testing/process.ts';
import { ask, openTestServer } from '#src/testing/server.ts';
import { fillDisk, mountDisk } from '#src/testing/small-disk.ts';
import { openTemporary } from '#src/testing/temporary.ts';

const root = join(import.meta.dirname, '../../..');
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const retryDelays = Array.from({ length: 50 }, () => 20);

/** Sends bytes by tus-js-client; the address of the upload. */
function sendByTus(bytes: Buffer, options: Partial<UploadOptions>): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(bytes, {
      retryDelays,
      metadata: { filename: 'speech.wav' },
      ...options,
      onError: reject,
      onSuccess: () => resolve(upload.url ?? ''),
    });
    upload.start();
  });
}

const query = `mutation ($id: ID!) {
  transcribe(input: { media: { uploadId: $id } }) { ... on TranscribeSuccess { job { id } } ... on Error { code message } }
}`;

/** Submits an upload, waits until its job is finished, and gives the recording as the job has it. */
async function mediaOfJob(url: string, upload: string) {
  const { data } = await ask(url, JSON.stringify({ query, variables: { id: upload.split('/').at(-1) } }));
  const { id } = data.transcribe.job;
  await eventsOf(url, id);
  return (await ask(url, JSON.stringify({ query: `{ job(id: "${id}") { media { name bytes sha256 } } }` }))).data.job
    .media;
}

test('tus-js-client sends a recording whole over a line that breaks again and again', async () => {
  await using server = await openTestServer();
  await using line = await openBreakingLine(server.url, 700_000);
  const bytes = randomBytes(5_000_000);
  const upload = await sendByTus(bytes, { endpoint: `${line.url}/uploads` });
  assert.ok(line.breaks() >= 5, `${line.breaks()} breaks`);
  const media = { name: 'speech.wav', bytes: bytes.length, sha256: hashOf(bytes) };
  assert.deepEqual(await mediaOfJob(server.url, upload), media);
});

test('a new process of the client goes on where it was, though client and server were killed', async () => {
  await using harness = await openProcessHarness('speaks');
  let server = harness.start();
  const url = await server.url;
  const bytes = randomBytes(20_000_000);
  const file = join(harness.directory, 'large.wav');
  await writeFile(file, bytes);
  const program = join(root, 'src/testing/front-ends/tus-client.ts');
  const client = () => {
    const started = execa(process.execPath, [program, file, `${url}/uploads`, join(harness.directory, 'begun.json')], {
      reject: false,
      buffer: { stdout: false },
    });
    return { started, lines: createInterface({ input: started.stdout })[Symbol.asyncIterator]() };
  };
  const firsts: number[] = [];
  for (let round = 0; round < 2; round += 1) {
    const { started, lines } = client();
    for (let line = 0; line < 20; line += 1) {
      const taken = Number((await lines.next()).value);
      if (line === 0) firsts.push(taken);
    }
    server.child.kill('SIGKILL');
    started.kill('SIGKILL');
    await Promise.all([server.ended, started]);
    server = harness.start({ PHONOGRAPH_LISTEN_PORT: new URL(url).port });
    await server.url;
  }
  const { lines } = client();
  const taken = await Array.fromAsync({ [Symbol.asyncIterator]: () => lines });
  firsts.push(Number(taken[0]));
  assert.ok(
    firsts.every((first, round) => round === 0 || first > (firsts[round - 1] ?? 0) + 1_900_000),
    firsts.join(),
  );
  const media = await mediaOfJob(url, taken.at(-1) ?? '');
  assert.deepEqual([media.bytes, media.sha256], [bytes.length, hashOf(bytes)]);
});

test('two clients that send the same upload at the same time both come to its end, and nothing is mixed', async () => {
  await using server = await openTestServer();
  const bytes = randomBytes(3_000_000);
  const headers = { 'tus-resumable': '1.0.0', 'upload-length': String(bytes.length) };
  const begun = await fetch(`${server.url}/uploads`, { method: 'POST', headers });
  const uploadUrl = `${server.url}${begun.headers.get('location')}`;
  const ended = await Promise.all([0, 1].map(() => sendByTus(bytes, { uploadUrl, chunkSize: 65_536 })));
  assert.deepEqual(ended, [uploadUrl, uploadUrl]);
  const media = await mediaOfJob(server.url, uploadUrl);
  assert.deepEqual([media.bytes, media.sha256], [bytes.length, hashOf(bytes)]);
});

test('on a disk that becomes full an upload waits, and goes on when there is room', async (t) => {
  const disk = await mountDisk(t);
  if (disk === null) return;
  const server = await openTestServer({ server: { dataDirectory: disk, minFreeBytes: 0 } });
  try {
    const bytes = randomBytes(2_000_000);
    const filler = join(disk, 'filler');
    let refused = 0;
    const upload = await sendByTus(bytes, {
      endpoint: `${server.url}/uploads`,
      chunkSize: 100_000,
      async onBeforeRequest(request) {
        if (request.getMethod() === 'PATCH' && request.getHeader('Upload-Offset') === '1000000' && refused === 0)
          await fillDisk(filler);
      },
      async onAfterResponse(_, response) {
        if (response.getStatus() !== 503) return;
        refused += 1;
        if (refused === 1) await unlink(filler);
      },
    });
    assert.ok(refused > 0, 'it was refused');
    assert.equal((await mediaOfJob(server.url, upload)).sha256, hashOf(bytes));
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

/** The example of docs/uploads.md that has a text in it. */
async function exampleWith(text: string, url: string): Promise<string> {
  const page = await readFile(join(root, 'docs/uploads.md'), 'utf8');
  const blocks = [...page.matchAll(/```js\n(?<code>.*?)```/gsu)].map(({ groups }) => groups?.['code'] ?? '');
  const block = blocks.find((each) => each.includes(text));
  assert.ok(block !== undefined);
  return block.replaceAll('http://127.0.0.1:4000', url);
}

/** A folder in which programs find the packages of this project. */
async function openProject(files: Readonly<Record<string, string>>) {
  const temporary = await openTemporary();
  await symlink(join(root, 'node_modules'), join(temporary.directory, 'node_modules'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(temporary.directory, name), text);
  return temporary;
}

test('the example for tus-js-client submits a recording', async () => {
  const alice = newCaller('alice', 'USER');
  await using server = await openTestServer({ server: { apiKeys: [alice.key] } });
  await using project = await openProject({
    'example.mjs': await exampleWith("from 'tus-js-client'", server.url),
    'run.mjs': `import { readFile } from 'node:fs/promises';
      Object.assign(globalThis, { token: '${alice.token}', file: await readFile('${join(root, 'samples/jfk.flac')}') });
      await import('./example.mjs');`,
  });
  const { stdout } = await execa(process.execPath, ['run.mjs'], { cwd: project.directory });
  assert.match(stdout, /"job":\{"id":"job_/u);
});

test('the example for Uppy sends several recordings over a line that breaks', async () => {
  const alice = newCaller('alice', 'USER');
  await using server = await openTestServer({ server: { apiKeys: [alice.key] } });
  await using line = await openBreakingLine(server.url, 1_500_000);
  await using project = await openProject({
    'example.mjs': `${await exampleWith("from '@uppy/core'", line.url)}\nexport { uppy };`,
    'run.mjs': `import { registerHooks } from 'node:module';
      import { JSDOM } from 'jsdom';
      // As bundlers read its package.json: the build for pages.
      const builds = { 'tus-js-client': 'tus-js-client/lib.es5/browser/index.js' };
      registerHooks({ resolve: (name, context, next) => next(builds[name] ?? name, context) });
      const { window } = new JSDOM('', { url: '${line.url}' });
      for (const name of ['window', 'document', 'navigator', 'location', 'localStorage', 'XMLHttpRequest', 'Blob', 'File', 'FileReader'])
        Object.defineProperty(globalThis, name, { value: name === 'window' ? window : window[name], configurable: true });
      Object.assign(globalThis, { token: '${alice.token}', submit: (id) => console.log(id) });
      const { uppy } = await import('./example.mjs');
      for (let at = 0; at < 8; at += 1) {
        const data = new File([new Uint8Array(at === 0 ? 4_000_000 : 200_000).fill(65 + at)], 'speech-' + at + '.wav', { type: 'audio/wav' });
        uppy.addFile({ name: data.name, type: data.type, data });
      }
      const { failed } = await uppy.upload();
      if (failed.length > 0) throw failed[0].error;
      process.exit(0);`,
  });
  const { stdout } = await execa(process.execPath, ['run.mjs'], { cwd: project.directory });
  const ids = stdout.split('\n');
  assert.equal(new Set(ids).size, 8);
  assert.ok(line.breaks() > 0);
  const names = [];
  for (const id of ids) {
    const { data } = await ask(
      server.url,
      JSON.stringify({ query: query.replace('job { id }', 'job { media { name bytes } }'), variables: { id } }),
      alice.headers,
    );
    names.push(`${data.transcribe.job.media.name} ${data.transcribe.job.media.bytes}`);
  }
  assert.deepEqual(
    names.toSorted(),
    Array.from({ length: 8 }, (_, at) => `speech-${at}.wav ${at === 0 ? 4_000_000 : 200_000}`),
  );
});

test(
  'a page of another origin that is allowed uploads from a browser, goes on after it was loaded anew',
  { skip: skipWithoutBrowser },
  async (t) => {
    const script = await readFile(join(root, 'node_modules/tus-js-client/dist/tus.min.js'));
    const pages = createServer((request, response) => {
      response.setHeader('content-type', request.url === '/tus.js' ? 'text/javascript' : 'text/html');
      response.end(request.url === '/tus.js' ? script : '<!doctype html><script src="/tus.js"></script>');
    }).listen(0, '127.0.0.1');
    await once(pages, 'listening');
    t.after(() => pages.close());
    const address = pages.address();
    const origin = `http://localhost:${typeof address === 'object' ? address?.port : ''}`;
    const alice = newCaller('alice', 'USER');
    await using server = await openTestServer({ server: { apiKeys: [alice.key], allowedOrigins: [origin] } });
    await using line = await openBreakingLine(server.url, 3_000_000);
    await using browser = await openBrowser();
    const page = await browser.newPage();
    // Called for in the page; how far it is, and at its end its address.
    const send = ({
      endpoint,
      token,
      stopAt,
    }: {
      readonly endpoint: string;
      readonly token: string;
      readonly stopAt: number;
    }) =>
      new Promise<string>((resolve, reject) => {
        const { Upload: PageUpload } = (globalThis as unknown as { readonly tus: { readonly Upload: typeof Upload } })
          .tus;
        const file = new File([new Uint8Array(8_000_000).fill(7)], 'page.wav', { type: 'audio/wav', lastModified: 1 });
        const upload = new PageUpload(file, {
          endpoint,
          headers: { authorization: `Bearer ${token}` },
          chunkSize: 1_000_000,
          metadata: { filename: file.name },
          onChunkComplete(_, accepted) {
            if (accepted >= stopAt) resolve(String(accepted));
          },
          onError: reject,
          onSuccess: () => resolve(upload.url ?? ''),
        });
        const start = async () => {
          const [previous] = await upload.findPreviousUploads();
          if (previous) upload.resumeFromPreviousUpload(previous);
          upload.start();
        };
        start().catch(reject);
      });
    const asked = { endpoint: `${line.url}/uploads`, token: alice.token };
    await page.goto(origin);
    assert.ok(Number(await page.evaluate(send, { ...asked, stopAt: 4_000_000 })) >= 4_000_000);
    await page.goto(origin);
    const methods: string[] = [];
    page.on('request', (request) => methods.push(request.method()));
    const upload = await page.evaluate(send, { ...asked, stopAt: Number.MAX_SAFE_INTEGER });
    assert.ok(!methods.includes('POST') && methods.includes('HEAD'), methods.join());
    const { data } = await ask(
      server.url,
      JSON.stringify({ query, variables: { id: upload.split('/').at(-1) } }),
      alice.headers,
    );
    assert.match(data.transcribe.job.id, /^job_/u);
    assert.ok((await stat(join(server.data, 'resumable'))).isDirectory());
  },
);
