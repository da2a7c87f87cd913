import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '#src/config/config.ts';
import { eventsOf } from '../follow.ts';
import { openRecordingServer, serving, telling } from '../recording-server.ts';
import { openTestServer, submit } from '../server.ts';

const root = join(import.meta.dirname, '../../..');
const { engineCommand, modelDirectory } = readConfig(root, {}).server;

test('a recording is fetched by its URL and is what was said, whatever it is called; a web page is not taken for one', async () => {
  const recording = await readFile(join(root, 'samples/jfk.flac'));
  const headers = { 'content-type': 'text/html', 'content-disposition': 'attachment; filename="page.html"' };
  await using source = await openRecordingServer(serving(recording, { headers }));
  const urlAllowedCidrs = ['127.0.0.1/32'];
  await using server = await openTestServer({ server: { engineCommand, modelDirectory, urlAllowedCidrs } });
  const tell = async (id: string) =>
    (await server.ask(`{ job(id: "${id}") { status transcript media { name codec } failure { code } } }`)).data.job;
  const id = await submit(server, { media: { url: `${source.origin}/talk?id=1` } });
  await eventsOf(server.url, id);
  const { transcript, ...job } = await tell(id);
  assert.deepEqual(job, { status: 'COMPLETED', media: { name: 'page.html', codec: 'flac' }, failure: null });
  assert.match(transcript, /ask not what your country can do for you/iu);
  source.answer = telling(200, '<html><body>Sign in to listen.</body></html>', { 'content-type': 'audio/flac' });
  const page = await submit(server, { media: { url: `${source.origin}/talk.flac` } });
  await eventsOf(server.url, page);
  const { status, failure } = await tell(page);
  assert.deepEqual([status, failure.code], ['FAILED', 'MEDIA_UNSUPPORTED']);
});
