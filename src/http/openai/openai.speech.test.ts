import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import OpenAI from 'openai';
import { readConfig } from '#src/config/config.ts';
import { openTestServer } from '#src/testing/server.ts';

const root = join(import.meta.dirname, '../../..');
const { engineCommand, modelDirectory } = readConfig(root, {}).server;

test('what was said is told, with the time of every word, and while it is heard', async () => {
  await using server = await openTestServer({ server: { engineCommand, modelDirectory } });
  const { audio } = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'sk-anything', maxRetries: 0 });
  const file = () => createReadStream(join(root, 'samples/jfk.flac'));
  const { text, words, segments, language, duration } = await audio.transcriptions.create({
    file: file(),
    model: 'whisper-1',
    response_format: 'verbose_json',
    timestamp_granularities: ['word', 'segment'],
  });
  assert.match(text, /^And so,? my fellow Americans.* ask not what your country can do for you.*country\.$/iu);
  assert.equal(language, 'english');
  assert.equal(Math.round(duration), 11);
  assert.deepEqual(words?.map(({ word }) => word).join(' '), text);
  for (const { start, end } of words) assert.ok(start >= 0 && start <= end && end <= duration);
  assert.ok(segments?.every(({ compression_ratio: ratio, avg_logprob: mean }) => ratio > 0.5 && mean < 0));
  const events = await Array.fromAsync(
    await audio.transcriptions.create({ file: file(), model: 'whisper-1', stream: true }),
  );
  const deltas = events.flatMap((event) => (event.type === 'transcript.text.delta' ? [event.delta] : []));
  assert.equal(deltas.join(''), text);
});
