import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Segment } from '../transcript.ts';
import { render, type Transcript } from './render.ts';

const python = join(import.meta.dirname, '../../.venv/bin/python');

/** Reads a file as FFmpeg does (PyAV): begin, length in seconds, text of each cue. */
const readWithFfmpeg = `
import json, sys, av
with av.open(sys.argv[1]) as file:
    stream = file.streams[0]
    packets = [p for p in file.demux(stream) if p.size]
    print(json.dumps([[float(p.pts * p.time_base), float((p.duration or 0) * p.time_base), bytes(p).decode()] for p in packets]))
`;

const readWithCsv = `
import csv, json, sys
dialect = {"delimiter": sys.argv[2]} | ({"quoting": csv.QUOTE_NONE} if sys.argv[2] == "\\t" else {})
print(json.dumps(list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8"), **dialect))))
`;

const texts = [
  'Ask not, "they" said.',
  'tabs\tand <b>tags</b> & more',
  'a, b; c',
  '日本語のテキストです。',
  '{brace} \\n slash',
];
const transcript: Transcript = {
  segments: texts.map((text, index): Segment => ({
    index,
    startSeconds: index * 2 + 0.25,
    endSeconds: index * 2 + 1.75,
    text,
    language: null,
    speaker: null,
    avgLogProbability: null,
    noSpeechProbability: null,
    guard: null,
    words: null,
  })),
  language: 'en',
  speakers: false,
  maxLineWidth: null,
  maxLineCount: null,
};

async function readBack(
  name: string,
  content: string,
  [script, ...args]: readonly [string, ...string[]],
): Promise<any> {
  const folder = await mkdtemp(join(tmpdir(), 'phonograph-'));
  const file = join(folder, name);
  await writeFile(file, content);
  const { stdout } = await promisify(execFile)(python, ['-c', script, file, ...args]);
  await rm(folder, { recursive: true });
  return JSON.parse(stdout);
}

for (const [format, suffix] of [
  ['SRT', 'srt'],
  ['VTT', 'vtt'],
  ['ASS', 'ass'],
] as const) {
  test(`FFmpeg reads ${format} with the times that were written, and a cue for each segment`, async () => {
    const cues: [number, number, string][] = await readBack(`a.${suffix}`, render(format, transcript), [
      readWithFfmpeg,
    ]);
    const times = cues.map(([start, length]) => [Math.round(start * 100), Math.round(length * 100)]);
    assert.deepEqual(
      times,
      texts.map((_, index) => [index * 200 + 25, 150]),
    );
    assert.ok(cues[3]?.[2].includes('日本語のテキストです。'));
  });
}

test('FFmpeg reads LRC with the times that were written', async () => {
  const lines: [number, number, string][] = await readBack('a.lrc', render('LRC', transcript), [readWithFfmpeg]);
  assert.deepEqual(
    lines.map(([start]) => Math.round(start * 100)),
    texts.map((_, index) => index * 200 + 25),
  );
});

test('a CSV reader reads CSV and TSV', async () => {
  const said = texts.map((text) => text.replaceAll('\t', ' '));
  const rows: string[][] = await readBack('a.csv', render('CSV', transcript), [readWithCsv, ',']);
  assert.deepEqual(
    rows.slice(1).map((row) => row[5]),
    said,
  );
  const table: string[][] = await readBack('a.tsv', render('TSV', transcript), [readWithCsv, '\t']);
  assert.deepEqual(
    table.slice(1).map((row) => row[2]),
    said,
  );
});
