import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { EngineProtocolError } from './protocol.ts';
import { splitLines } from './split-lines.ts';

async function lines(chunks: readonly string[], limit?: number): Promise<readonly string[]> {
  const buffers = chunks.map((chunk) => Buffer.from(chunk, 'latin1'));
  return (await Array.fromAsync(splitLines(Readable.from(buffers), limit))).flat();
}

test('lines come whole, however the chunks are cut', async () => {
  assert.deepEqual(await lines(['a', 'b\nc', '', '\n', '\nd\n']), ['ab', 'c', '', 'd']);
});

test('a character cut in two by a chunk is not damaged', async () => {
  const text = Buffer.from('é\n', 'utf8').toString('latin1');
  assert.deepEqual(await lines(Array.from(text)), ['é']);
});

test('a torn last line is left out', async () => {
  assert.deepEqual(await lines(['whole\nto', 'rn']), ['whole']);
});

test('a line at the limit comes through, one byte more does not', async () => {
  assert.deepEqual(await lines(['123', '45\n'], 5), ['12345']);
  await assert.rejects(lines(['123', '456\n'], 5), EngineProtocolError);
  await assert.rejects(lines(['123456'], 5), EngineProtocolError);
});
