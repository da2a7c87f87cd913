import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Upload } from 'tus-js-client';
import { openBreakingLine } from '#src/testing/breaking-line.ts';
import { eventsOf } from '#src/testing/follow.ts';
import { openProcessHarness } from '#src/testing/process.ts';
import { openRecordingServer, serving } from '#src/testing/recording-server.ts';
import { openS3Server, signIn } from '#src/testing/s3-server.ts';
import { ask, isReady, readyTells } from '#src/testing/server.ts';

/** Sends bytes by tus-js-client; the id of the upload. */
function sendByTus(bytes: Buffer, endpoint: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(bytes, {
      endpoint,
      retryDelays: Array.from({ length: 50 }, () => 20),
      metadata: { filename: 'speech.wav' },
      onError: reject,
      onSuccess: () => resolve(upload.url?.split('/').at(-1) ?? ''),
    });
    upload.start();
  });
}

async function transcribe(url: string, media: string): Promise<string> {
  const query = `mutation { transcribe(input: { media: { ${media} } }) { ... on TranscribeSuccess { job { id } } ... on Error { code message } } }`;
  const { data } = await ask(url, JSON.stringify({ query }));
  return data.transcribe.job.id;
}

/** A multipart request of the GraphQL multipart request specification. */
async function sendByForm(url: string, bytes: Buffer): Promise<any> {
  const query =
    'mutation ($file: File!) { transcribe(input: { media: { upload: $file } }) { ... on TranscribeSuccess { job { id } } } }';
  const form = new FormData();
  form.set('operations', JSON.stringify({ query, variables: { file: null } }));
  form.set('map', '{"0":["variables.file"]}');
  form.set('0', new Blob([new Uint8Array(bytes)]), 'speech.wav');
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    body: form,
    headers: { 'apollo-require-preflight': 'true' },
  });
  return response.json();
}

test('with S3, recordings come by form, tus and URL, are heard and played from there, and wait for a server that is away', async () => {
  await using harness = await openProcessHarness('speaks');
  await using s3 = await openS3Server(harness.directory);
  const server = harness.start({
    ...signIn,
    PHONOGRAPH_MEDIA_STORE: 's3://recordings/fleet',
    PHONOGRAPH_S3_ENDPOINT: s3.endpoint,
    PHONOGRAPH_S3_PATH_STYLE: 'true',
    PHONOGRAPH_URL_ALLOWED_CIDRS: '127.0.0.1/32',
  });
  const url = await server.url;
  const bytes = randomBytes(9_000_000);
  await using recordings = await openRecordingServer(serving(bytes));
  await using line = await openBreakingLine(url, 2_000_000);
  const sent = await sendByForm(url, bytes);
  const ids = [
    sent.data.transcribe.job.id,
    await transcribe(url, `uploadId: "${await sendByTus(bytes, `${line.url}/uploads`)}"`),
    await transcribe(url, `url: "${recordings.origin}/speech.wav"`),
  ];
  for (const id of ids) {
    assert.equal((await eventsOf(url, id)).at(-1)?.status, 'COMPLETED');
    const range = await fetch(`${url}/jobs/${id}/media`, { headers: { range: 'bytes=8999990-' } });
    assert.equal(range.status, 206);
    assert.ok(Buffer.from(await range.arrayBuffer()).equals(bytes.subarray(-10)));
  }
  const names = () => readdir(join(s3.folder, 'recordings/fleet/media'));
  assert.equal((await names()).length, 3);
  const data = harness.environment['PHONOGRAPH_DATA_DIRECTORY'] ?? '';
  assert.deepEqual(await readdir(join(data, 'downloads')), []);
  await ask(url, JSON.stringify({ query: `mutation { deleteJob(id: "${ids[0]}") { __typename } }` }));
  assert.equal((await names()).length, 2);

  await readyTells({ url }, isReady);
  await s3.kill();
  // /health answers at each look.
  const { problems } = await readyTells({ url }, ({ status }) => status === 'DEGRADED');
  assert.match(problems.join(), /^The bucket recordings of the recordings does not answer.* Check that it runs/u);
  // What lies under a media root needs no bucket.
  const besides = await transcribe(url, 'path: "speech.wav"');
  assert.equal((await eventsOf(url, besides)).at(-1)?.status, 'COMPLETED');
  const away = await fetch(`${url}/jobs/${ids[1]}/media`);
  assert.equal(away.status, 503);
  assert.match(await away.text(), /SERVICE_UNAVAILABLE/u);
  const [refusal] = (await sendByForm(url, bytes)).errors;
  assert.equal(refusal.extensions.code, 'SERVICE_UNAVAILABLE');
  await s3.start();
  await readyTells({ url }, isReady);
  const again = await sendByForm(url, bytes);
  assert.equal((await eventsOf(url, again.data.transcribe.job.id)).at(-1)?.status, 'COMPLETED');
});
