import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
// @ts-expect-error -- it brings no types
import webvtt from 'webvtt-parser';
import { goldenFolder, transcript, trickySegments } from '#src/testing/transcripts.ts';
import { begun, directed } from './direction.ts';
import { oneLine } from './line.ts';
import { type Cue, cuesInTurn, cuesOverEachOther, linesOf, type ScreenManner } from './screen.ts';

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
print(json.dumps(list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8-sig"), **dialect))))
`;

async function readBack(name: string, script: string, ...args: readonly string[]): Promise<any> {
  const { stdout } = await promisify(execFile)(python, ['-c', script, join(goldenFolder, name), ...args]);
  return JSON.parse(stdout);
}

const short = { speakers: true, maxLineWidth: 32, maxLineCount: 2 };
type Name = 'plain' | 'short';
const written = (name: Name) => transcript(trickySegments, name === 'short' ? short : {});
const inTurn = (name: Name, manner: ScreenManner): Promise<readonly Cue[]> =>
  Array.fromAsync(cuesInTurn(written(name), manner));
const overEachOther = (name: Name, manner: ScreenManner = {}): Promise<readonly Cue[]> =>
  Array.fromAsync(cuesOverEachOther(written(name), manner));

for (const name of ['plain', 'short'] as const) {
  for (const [suffix, cues] of [
    ['srt', () => inTurn(name, { named: name === 'short' })],
    ['vtt', () => overEachOther(name)],
    ['ass', () => overEachOther(name, { unitMs: 10 })],
  ] as const) {
    test(`FFmpeg and pysubs2 read ${name}.${suffix} with the times that were written, and a cue for each`, async () => {
      const times = (await cues()).map(({ startMs, endMs }) => [startMs, endMs]);
      const byFfmpeg: [number, number, string][] = await readBack(`${name}.${suffix}`, readWithFfmpeg);
      const rounded = (seconds: number) => Math.round(seconds * 1000);
      assert.deepEqual(
        byFfmpeg.map(([start, length]) => [rounded(start), rounded(start + length)]),
        times,
      );
      const byPysubs2: [number, number][] = await readBack(`${name}.${suffix}`, readWithPysubs2);
      assert.deepEqual(
        byPysubs2.map(([start, end]) => [start, end]),
        times,
      );
    });
  }
}

test('pysubs2 reads from ASS who speaks, and what is said to the letter', async () => {
  const read: [number, number, string, string][] = await readBack('short.ass', readWithPysubs2);
  const shown = await overEachOther('short', { unitMs: 10 });
  assert.deepEqual(
    read.map(([, , name]) => name),
    shown.map(({ voices }) => oneLine(voices[0]?.speaker ?? '').replaceAll(',', ' ')),
  );
  const plain = (text: string) => text.replaceAll('\u2060', '').replaceAll(/\\(?=[{}])/gu, '');
  assert.deepEqual(
    read.map(([, , , text]) => plain(text)),
    shown.map((cue) =>
      linesOf(cue)
        .map(directed)
        .join(String.raw`\N`),
    ),
  );
});

test("W3C's parser finds WebVTT valid, and reads what is said to the letter", async () => {
  for (const name of ['plain', 'short'] as const) {
    const { cues: read, errors } = new webvtt.WebVTTParser().parse(
      await readFile(join(goldenFolder, `${name}.vtt`), 'utf8'),
    );
    assert.deepEqual(errors, []);
    const textOf = ({ type, value, children }: any): string =>
      type === 'text' ? value : children.map(textOf).join('');
    assert.deepEqual(
      read.map(({ tree }: any) => textOf(tree)),
      // This parser reads an entity, and then its semicolon once more.
      (await overEachOther(name)).map((cue) => linesOf(cue).map(begun).join('\n').replaceAll(/[<>&]/gu, '$&;')),
    );
  }
});

const said = trickySegments.map(({ text }) => oneLine(text));

test('FFmpeg reads LRC with the times and texts that were written', async () => {
  const read: [number, number, string][] = await readBack('plain.lrc', readWithFfmpeg);
  const shown = await inTurn('plain', { unitMs: 10 });
  assert.deepEqual(
    read.map(([start]) => Math.round(start * 1000)),
    shown.map(({ startMs }) => startMs),
  );
  const letters = (text: string) => text.replaceAll(/[\u2060\s/]/gu, '');
  assert.deepEqual(
    read.map(([, , text]) => letters(text)),
    shown.map((cue) => letters(linesOf(cue).join(''))),
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
