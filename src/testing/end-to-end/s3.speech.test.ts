import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '#src/config/config.ts';
import { openS3Server } from '../s3-server.ts';
import { isReady, openTestServer, readyTells } from '../server.ts';
import { openTemporary } from '../temporary.ts';
import { upload } from '../upload.ts';

const root = join(import.meta.dirname, '../../..');
const { engineCommand, modelDirectory } = readConfig(root, {}).server;

test('an engine, which may open one file alone, hears a recording of S3', async () => {
  await using temporary = await openTemporary();
  const s3 = temporary.stack.use(await openS3Server(temporary.directory));
  const place = { mediaStore: 's3://recordings', s3Endpoint: s3.endpoint, s3PathStyle: true };
  await using server = await openTestServer({ server: { engineCommand, modelDirectory, ...place } });
  const recording = await readFile(join(root, 'samples/jfk.flac'));
  const id = await upload(server, 'jfk.flac', new Uint8Array(recording));
  await readyTells(server, isReady);
  const { data } = await server.ask(`{ job(id: "${id}") { status transcript } server { engine { confined } } }`);
  assert.equal(data.job.status, 'COMPLETED');
  assert.match(data.job.transcript, /ask not what your country can do for you/iu);
  if (process.platform === 'linux') assert.ok(data.server.engine.confined.length > 0);
  assert.equal((await readdir(join(s3.folder, 'recordings/media'))).length, 1);
});
