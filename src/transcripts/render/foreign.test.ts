import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
// @ts-expect-error -- it brings no types
import webvtt from 'webvtt-parser';
import { goldenFolder, trickySegments } from '#src/testing/transcripts.ts';
import { cuesOf, type Cue } from './cues.ts';
import { oneLine } from './line.ts';

// What other people's programs make of the golden files.

const python = join(import.meta.dirname, '../../../.venv/bin/python');

/** FFmpeg (PyAV): begin, length in seconds, text of each cue. */
const readWithFfmpeg = `
import json, sys, av
with av.open(sys.argv[1]) as file:
    stream = file.streams[0]
    packets = [p for p in file.demux(stream) if p.size]
    print(json.dumps([[float(p.pts * p.time_base), float((p.duration or 0) * p.time_base), bytes(p).decode()] for p in packets]))
`;

/** pysubs2: begin and end in milliseconds, name, text of each cue. */
const readWithPysubs2 = `
import json, sys, pysubs2
events = pysubs2.load(sys.argv[1]).events
print(json.dumps([[e.start, e.end, e.name, e.text] for e in events]))
`;

const readWithCsv = `
import csv, json, sys
dialect = {"delimiter": sys.argv[2]} | ({"quoting": csv.QUOTE_NONE} if sys.argv[2] == "\\t" else {})
print(json.dumps(list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8"), **dialect))))
`;

async function readBack(name: string, script: string, ...args: readonly string[]): Promise<any> {
  const { stdout } = await promisify(execFile)(python, ['-c', script, join(goldenFolder, name), ...args]);
  return JSON.parse(stdout);
}

const limits = { plain: { maxLineWidth: null, maxLineCount: null }, short: { maxLineWidth: 32, maxLineCount: 2 } };

const cues = (manner: 'plain' | 'short', more: { unitMs?: number; named?: boolean } = {}): Promise<readonly Cue[]> =>
  Array.fromAsync(cuesOf(trickySegments, { ...limits[manner], ...more }));

for (const manner of ['plain', 'short'] as const) {
  for (const [suffix, more] of [
    ['srt', { named: manner === 'short' }],
    ['vtt', {}],
    ['ass', { unitMs: 10 }],
  ] as const) {
    test(`FFmpeg and pysubs2 read ${manner}.${suffix} with the times that were written, and a cue for each`, async () => {
      const written = (await cues(manner, more)).map(({ startMs, endMs }) => [startMs, endMs]);
      const byFfmpeg: [number, number, string][] = await readBack(`${manner}.${suffix}`, readWithFfmpeg);
      const rounded = (seconds: number) => Math.round(seconds * 1000);
      assert.deepEqual(
        byFfmpeg.map(([start, length]) => [rounded(start), rounded(start + length)]),
        written,
      );
      const byPysubs2: [number, number][] = await readBack(`${manner}.${suffix}`, readWithPysubs2);
      assert.deepEqual(
        byPysubs2.map(([start, end]) => [start, end]),
        written,
      );
    });
  }
}

test('pysubs2 reads from ASS who speaks, and what is said to the letter', async () => {
  const read: [number, number, string, string][] = await readBack('short.ass', readWithPysubs2);
  const written = await cues('short');
  assert.deepEqual(
    read.map(([, , name]) => name),
    written.map(({ speaker }) => oneLine(speaker ?? '').replaceAll(',', ' ')),
  );
  const plain = (text: string) => text.replaceAll('\u2060', '').replaceAll(/\\(?=[{}])/gu, '');
  assert.deepEqual(
    read.map(([, , , text]) => plain(text)),
    written.map(({ lines }) => lines.join(String.raw`\N`)),
  );
});

test("W3C's parser finds WebVTT valid, and reads what is said to the letter", async () => {
  for (const manner of ['plain', 'short'] as const) {
    const { cues: read, errors } = new webvtt.WebVTTParser().parse(
      await readFile(join(goldenFolder, `${manner}.vtt`), 'utf8'),
    );
    assert.deepEqual(errors, []);
    const textOf = ({ type, value, children }: any): string =>
      type === 'text' ? value : children.map(textOf).join('');
    assert.deepEqual(
      read.map(({ tree }: any) => textOf(tree)),
      // This parser reads an entity, and then its semicolon once more.
      (await cues(manner)).map(({ lines }) => lines.join('\n').replaceAll(/[<>&]/gu, '$&;')),
    );
  }
});

const said = trickySegments.map(({ text }) => oneLine(text));

test('FFmpeg reads LRC with the times and texts that were written', async () => {
  const read: [number, number, string][] = await readBack('plain.lrc', readWithFfmpeg);
  const written = trickySegments.filter(({ text }) => text !== '');
  assert.deepEqual(
    read.map(([start]) => Math.round(start * 100)),
    written.map(({ startSeconds }) => Math.floor(Math.round(startSeconds * 1000) / 10)),
  );
  assert.deepEqual(
    read.map(([, , text]) => text.replaceAll(/\u2060|\n$/gu, '')),
    said.filter((text) => text !== ''),
  );
});

test('a CSV reader reads CSV and TSV', async () => {
  const rows: string[][] = await readBack('plain.csv', readWithCsv, ',');
  assert.deepEqual(
    rows.slice(1).map((row) => row[5]),
    said.map((text) => (/^[=+\-@]/u.test(text) ? `'${text}` : text)),
  );
  const table: string[][] = await readBack('plain.tsv', readWithCsv, '\t');
  assert.deepEqual(
    table.slice(1).map((row) => row[2]),
    said,
  );
});
