import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { EngineProtocolError, parseLine, splitLines } from './protocol.ts';

const segment = { type: 'segment', batch: 0, clip: 0, startSeconds: 1, endSeconds: 2.5, text: ' Hello.' };
const hello = {
  type: 'hello',
  protocol: 1,
  engine: '1',
  versions: { python: '3.11' },
  model: { id: 'base', sha256: null },
  device: 'cpu',
  computeType: 'int8',
  threads: 2,
  resumed: false,
};

test('what an engine leaves out is null', () => {
  assert.deepEqual(parseLine(JSON.stringify(segment)), {
    type: 'segment',
    batch: 0,
    startSeconds: 1,
    endSeconds: 2.5,
    text: ' Hello.',
    language: null,
    speaker: null,
    avgLogProbability: null,
    noSpeechProbability: null,
    guard: null,
    words: null,
  });
});

test('a line of an unknown type is skipped', () => {
  assert.equal(parseLine('{"type":"diarization","speakers":2}'), null);
  assert.equal(parseLine('{"type":"__proto__"}'), null);
});

test('fields that this server does not know are left out', () => {
  assert.deepEqual(parseLine('{"type":"heartbeat","load":3}'), { type: 'heartbeat' });
});

test('control characters and torn surrogates do not come in', () => {
  const line = parseLine(JSON.stringify({ ...segment, text: ' a\u0000b\u001B[31m\r\nc\u0085 \uD800é' }));
  assert.equal(line?.type === 'segment' && line.text, ' ab[31m c \uFFFDé');
});

test('a reason that only a newer engine knows is INTERNAL', () => {
  const line = parseLine('{"type":"error","code":"MOON_PHASE","message":"no","retryable":false}');
  assert.deepEqual(line, { type: 'error', code: 'INTERNAL', message: 'no', retryable: false, hint: null });
});

test('a probability a hair outside its range is moved into it', () => {
  const line = parseLine('{"type":"language","code":"en","probability":1.0000001}');
  assert.equal(line?.type === 'language' && line.probability, 1);
});

const word = { startSeconds: 1, endSeconds: 2, text: ' a', probability: 1 };

/** What is said, and what the complaint names. */
const refused: readonly (readonly [string, RegExp])[] = [
  ['Loading model', /not JSON/u],
  ['', /not JSON/u],
  ['null', /no object/u],
  ['[]', /no object/u],
  ['{"type":5}', /no object/u],
  ['{"type":"heartbeat"', /not JSON/u],
  ['{"type":"progress","fraction":NaN}', /not JSON/u],
  ['{"type":"stage","stage":"DREAMING"}', /stage/u],
  ['{"type":"language","code":"<b>","probability":1}', /code/u],
  ['{"type":"progress","processedSeconds":1,"fraction":1.5}', /fraction/u],
  ['{"type":"progress","processedSeconds":1e300,"fraction":1}', /processedSeconds/u],
  ['{"type":"checkpoint","batch":-1,"processedSeconds":1,"resume":{}}', /batch/u],
  ['{"type":"checkpoint","batch":0,"processedSeconds":1,"resume":[]}', /resume/u],
  [JSON.stringify({ ...hello, protocol: 2 }), /protocol/u],
  [JSON.stringify({ ...segment, startSeconds: -1 }), /startSeconds/u],
  [JSON.stringify({ ...segment, endSeconds: 0.5 }), /ends before it starts/u],
  [JSON.stringify({ ...segment, text: 'a'.repeat(20_001) }), /text/u],
  [JSON.stringify({ ...segment, words: [{ ...word, endSeconds: 0 }] }), /ends before it starts/u],
  [JSON.stringify({ ...segment, words: Array.from({ length: 10_001 }, () => word) }), /words/u],
];

for (const [text, complaint] of refused) {
  test(`refuses ${text.slice(0, 70) || 'an empty line'}`, () => {
    assert.throws(
      () => parseLine(text),
      (error) => error instanceof EngineProtocolError && complaint.test(error.message),
    );
  });
}

test('a complaint does not repeat what was said', () => {
  const text = JSON.stringify({ ...segment, text: 'secret '.repeat(5000) });
  assert.throws(
    () => parseLine(text),
    (error) => error instanceof EngineProtocolError && !error.message.includes('secret'),
  );
});

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
