// How many cues keep the guidelines, rule by rule, on the recordings beside the checkout, with the engine and the model of COMPACT; beside whisper-ctranslate2
// with word timestamps and the same lines. Then where sentences end against the references (F1), how far the first and last words of utterances are from
// where they lie in a joined recording, and how long the loop is held while a film is rendered: npm run bench:cues
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { readTranscript } from '#resolvers/transcript.ts';
import { readConfig } from '#src/config/config.ts';
import { transcriptFormats } from '#src/jobs/transcript.ts';
import { added, claimed, newSegment, progressAt } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';
import { eventsOf } from '#src/testing/follow.ts';
import { openProcessHarness, submitTo } from '#src/testing/process.ts';
import { longestBlock, percentile } from '#src/testing/timing.ts';
import { piecesOf } from '#src/transcripts/render/breaks.ts';
import { gapMs, guidelines } from '#src/transcripts/render/guidelines.ts';
import { widthOf } from '#src/transcripts/render/wrap.ts';
import { sentencesOf } from '#src/transcripts/sentences.ts';

const root = join(import.meta.dirname, '..');
const audio = join(root, '../shared/audio');
const { engineCommand, modelDirectory } = readConfig(root, {}).server;
const run = promisify(execFile);
const names = [
  'en_columbia_address.wma',
  'long_ljspeech_one_voice.flac',
  'de_simplicissimus.mp3',
  'es_capitan_veneno.mp3',
  'ja_pico.wav',
];

/** What one side made of a recording. */
interface Made {
  readonly srt: string;
  /** A sentence a line. */
  readonly lines: string;
  readonly words: readonly { readonly start: number; readonly end: number }[];
}

const say = (line: string) => process.stdout.write(`${line}\n`);

async function withServer(files: readonly string[]): Promise<readonly Made[]> {
  await using harness = await openProcessHarness(null);
  const url = await harness.start({ PHONOGRAPH_MEDIA_ROOTS: audio }).url;
  while ((await fetch(`${url}/ready`)).status !== 200) await sleep(100);
  const made: Made[] = [];
  for (const path of files) {
    const id = await submitTo(url, { media: { path }, wordTimestamps: true });
    await eventsOf(url, id);
    const get = async (format: string) => (await fetch(`${url}/jobs/${id}/transcript.${format}`)).text();
    const { segments }: { segments: { words: Made['words'] }[] } = JSON.parse(await get('json'));
    made.push({ srt: await get('srt'), lines: await get('txt'), words: segments.flatMap(({ words }) => words) });
  }
  return made;
}

const other = 'whisper-ctranslate2==0.5.8';

/** In an environment of its own, which uv keeps. */
async function withOther(file: string, folder: string): Promise<Made> {
  const { maxLineWidth, maxLineCount } = guidelines;
  const lines = ['--max_line_width', String(maxLineWidth), '--max_line_count', String(maxLineCount)];
  const model = ['--model_directory', join(modelDirectory, 'base'), '--compute_type', 'int8', '--device', 'cpu'];
  const output = ['--word_timestamps', 'True', '--output_format', 'all', '--output_dir', folder];
  const python = ['--python', engineCommand[0] ?? '', '--from', other];
  const program = ['tool', 'run', ...python, 'whisper-ctranslate2', join(audio, file), '--threads', '2'];
  await run(join(root, '.tools/uv/bin/uv'), [...program, ...model, ...output, ...lines]);
  const get = (suffix: string) => readFile(join(folder, `${parse(file).name}.${suffix}`), 'utf8');
  const { text, segments }: { text: string; segments: { words: Made['words'] }[] } = JSON.parse(await get('json'));
  const marked = text.replaceAll(/(?<=[.?!])\s+/gu, '\n');
  return { srt: await get('srt'), lines: marked, words: segments.flatMap(({ words }) => words) };
}

interface Cue {
  readonly startMs: number;
  readonly endMs: number;
  readonly lines: readonly string[];
}

function cuesIn(srt: string): readonly Cue[] {
  const blocks = srt.trim().split(/\n{2,}/u);
  return blocks.map((block) => {
    const [, times = '', ...lines] = block.split('\n');
    const [startMs = 0, endMs = 0] = times.split(' --> ').map(toMs);
    return { startMs, endMs, lines };
  });
}

function toMs(time: string): number {
  const [hours = 0, minutes = 0, rest = 0] = time.replace(',', '.').split(':').map(Number);
  return Math.round((hours * 3600 + minutes * 60 + rest) * 1000);
}

const secondsOf = ({ startMs, endMs }: Cue) => (endMs - startMs) / 1000;
const rules: Readonly<Record<string, (cue: Cue, next: Cue | undefined) => boolean>> = {
  [`at most ${guidelines.maxCharactersPerSecond} characters a second`]: (cue) =>
    widthOf(cue.lines.join(' ')) / secondsOf(cue) <= guidelines.maxCharactersPerSecond + 0.05,
  [`at least ${guidelines.minCueSeconds} s`]: (cue) => secondsOf(cue) >= guidelines.minCueSeconds,
  [`at most ${guidelines.maxCueSeconds} s`]: (cue) => secondsOf(cue) <= guidelines.maxCueSeconds,
  [`${gapMs} ms before the next`]: (cue, next) => next === undefined || next.startMs - cue.endMs >= gapMs,
  [`at most ${guidelines.maxLineCount} lines`]: (cue) => cue.lines.length <= guidelines.maxLineCount,
  [`at most ${guidelines.maxLineWidth} columns`]: (cue) =>
    cue.lines.every((line) => widthOf(line) <= guidelines.maxLineWidth),
  'no word alone that is no sentence': ({ lines }) =>
    lines.flatMap((line) => piecesOf(line)).length > 1 || /[.?!。！？]["”」]*$/u.test(lines[0] ?? ''),
  'no line begins with a closing or combining mark': ({ lines }) =>
    lines.every((line) => !/^[\p{Pe}\p{Pf}\p{M}、。，]/u.test(line)),
};

/** How many cues keep each rule, and how many keep all. */
function countKept(all: readonly (readonly Cue[])[]): ReadonlyMap<string, number> {
  const kept = new Map<string, number>();
  const count = (rule: string, keeps: boolean) => kept.set(rule, (kept.get(rule) ?? 0) + (keeps ? 1 : 0));
  for (const cues of all) {
    for (const [index, cue] of cues.entries()) {
      const verdicts = Object.entries(rules).map(([rule, keeps]) => [rule, keeps(cue, cues[index + 1])] as const);
      for (const [rule, keeps] of verdicts) count(rule, keeps);
      count(
        'every rule',
        verdicts.every(([, keeps]) => keeps),
      );
    }
  }
  return kept;
}

interface Reference {
  readonly language: string;
  readonly text: string;
  /** Where each of the recordings that a joined one is made of begins and ends to be heard, in seconds. */
  readonly parts: readonly (readonly [number, number])[];
}

const unknown: Reference = { language: '', text: '', parts: [] };

async function readReferences(): Promise<ReadonlyMap<string, Reference>> {
  const rows = (await readFile(join(audio, 'index.tsv'), 'utf8')).split('\n').map((row) => row.split('\t'));
  const references = new Map<string, Reference>();
  for (const [file = '', , language = '', , , text = '', source = ''] of rows) {
    if (!names.includes(file)) continue;
    const parts = [...source.matchAll(/(?<start>\d+\.\d+)-(?<end>\d+\.\d+):/gu)];
    const times = parts.map(({ groups }) => [Number(groups?.['start']), Number(groups?.['end'])] as const);
    references.set(file, { language, text, parts: await heardParts(file, times) });
  }
  return references;
}

interface Ends {
  readonly words: readonly string[];
  /** The numbers of words with which a sentence ends. */
  readonly ends: ReadonlySet<number>;
}

function endsIn(sentences: Iterable<string>): Ends {
  const words: string[] = [];
  const ends = new Set<number>();
  for (const sentence of sentences) {
    words.push(...(sentence.toLowerCase().match(/[\p{L}\p{N}\p{M}']+/gu) ?? []));
    if (words.length > 0) ends.add(words.length - 1);
  }
  ends.delete(words.length - 1); // That a text ends with its last word is no finding.
  return { words, ends };
}

/** Pairs of words of two texts that stand for each other, by the least edits. */
function aligned(one: readonly string[], two: readonly string[]): ReadonlyMap<number, number> {
  const costs = Array.from({ length: one.length + 1 }, (_, at) => new Uint16Array(two.length + 1).fill(at));
  const at = (i: number, j: number) => costs[i]?.[j] ?? 0;
  const changed = (i: number, j: number) => (one[i - 1] === two[j - 1] ? 0 : 1);
  for (let j = 0; j <= two.length; j += 1) costs[0]?.fill(j, j, j + 1);
  for (let i = 1; i <= one.length; i += 1) {
    for (let j = 1; j <= two.length; j += 1) {
      costs[i]?.fill(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + changed(i, j)), j, j + 1);
    }
  }
  const pairs = new Map<number, number>();
  for (let [i, j] = [one.length, two.length]; i > 0 && j > 0;) {
    if (at(i, j) === at(i - 1, j - 1) + changed(i, j)) pairs.set((i -= 1), (j -= 1));
    else if (at(i, j) === at(i - 1, j) + 1) i -= 1;
    else j -= 1;
  }
  return pairs;
}

/** Where in each part of a recording somebody is heard: from its first to its last 10 ms that are less than 35 dB below the loudest. */
const heard = `
import json, sys; sys.path.insert(0, sys.argv[3])
import numpy as np
from engine.audio.media import Media
from engine.audio.recording import Source, open_recording
sound = np.concatenate(list(Media(open_recording(Source(sys.argv[1])), split=False).sound(1e6, None)), axis=1)[0]
edges = []
for start, end in json.loads(sys.argv[2]):
    part = sound[round(start * 16_000) : round(end * 16_000)]
    levels = np.sqrt((part[: part.size // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1))
    loud = np.flatnonzero(levels > levels.max() * 10 ** (-35 / 20))
    edges.append([start + loud[0] / 100, start + (loud[-1] + 1) / 100])
print(json.dumps(edges))`;

async function heardParts(file: string, parts: Reference['parts']): Promise<Reference['parts']> {
  if (parts.length === 0) return parts;
  const args = ['-c', heard, join(audio, file), JSON.stringify(parts), join(root, 'runner')];
  return JSON.parse((await run(engineCommand[0] ?? '', args)).stdout);
}

/** Right ends, ends that were found, ends of the reference. `strict`: what has a semicolon or colon there is no end; else it is as good as one. */
function scoreEnds({ text, language }: Reference, lines: string, strict: boolean): readonly [number, number, number] {
  const wanted = endsIn(sentencesOf(text, language));
  const half = endsIn(text.split(/(?<=[;:])\s+/u)).ends;
  const found = endsIn(lines.split(/\n+/u));
  const pairs = aligned(found.words, wanted.words);
  const ends = [...found.ends].map((end) => pairs.get(end) ?? -1);
  const right = ends.filter((end) => wanted.ends.has(end)).length;
  const free = strict ? 0 : ends.filter((end) => half.has(end) && !wanted.ends.has(end)).length;
  return [right, ends.length - free, wanted.ends.size];
}

function sayEnds(made: readonly Made[], of: readonly Reference[], strict: boolean): void {
  const scores = made.map(({ lines }, index) => scoreEnds(of[index] ?? unknown, lines, strict));
  const [right = 0, found = 0, wanted = 0] = [0, 1, 2].map((at) =>
    scores.reduce((sum, score) => sum + (score[at] ?? 0), 0),
  );
  const kind = strict ? 'sentence ends' : 'sentence ends, but for those where the reference has a semicolon or colon';
  say(
    `  ${kind}: F1 ${((2 * right) / (found + wanted)).toFixed(3)} (${right} right of ${found} found and ${wanted} wanted)`,
  );
}

/** How far, in milliseconds, the first word of each part is from where it begins to be heard, and the last one from where it ends. */
function edgesOf({ parts }: Reference, words: Made['words']): Readonly<Record<'first' | 'last', readonly number[]>> {
  return {
    first: parts.flatMap(([begin]) => off(words.find((word) => middleOf(word) > begin)?.start, begin)),
    last: parts.flatMap(([, end]) => off(words.findLast((word) => middleOf(word) < end)?.end, end)),
  };
}

function off(seconds: number | undefined, right: number): readonly number[] {
  return seconds === undefined ? [] : [Math.abs(seconds - right) * 1000];
}

function middleOf({ start, end }: Made['words'][number]): number {
  return (start + end) / 2;
}

function report(side: string, made: readonly Made[], references: ReadonlyMap<string, Reference>): void {
  const all = made.map(({ srt }) => cuesIn(srt));
  const total = all.reduce((sum, cues) => sum + cues.length, 0);
  say(`\n${side}: ${total} cues`);
  for (const [name, count] of countKept(all)) say(`  ${((100 * count) / total).toFixed(1).padStart(5)} %  ${name}`);
  for (const [index, cues] of all.entries()) {
    say(`           ${names[index]}: ${countKept([cues]).get('every rule')} of ${cues.length} keep every rule`);
  }
  const of = names.map((name) => references.get(name) ?? unknown);
  for (const strict of [true, false]) sayEnds(made, of, strict);
  for (const edge of ['first', 'last'] as const) {
    const errors = made.flatMap(({ words }, index) => edgesOf(of[index] ?? unknown, words)[edge]);
    say(
      `  ${edge} words of ${errors.length} joined utterances: median ${percentile(errors, 0.5).toFixed(0)} ms off, 90 % within ${percentile(errors, 0.9).toFixed(0)} ms`,
    );
  }
}

const filmSegments = 2400; // two hours at one in three seconds

async function reportFilm(): Promise<void> {
  await using store = await openStore({ database: ':memory:' });
  const { id } = await added(store);
  const { lease } = await claimed(store);
  const text = 'Ask not what your country can do for you, ask what you can do for your country.';
  const segments = Array.from({ length: filmSegments }, (_, at) => newSegment(text, at * 3));
  await store.appendBatch(lease, { segments, checkpoint: {}, progress: progressAt(0.5) });
  const job = await store.job(id);
  if (job === null) throw new Error('the job was not stored');
  say(`\nthe loop while a film of ${filmSegments} segments is rendered is held at most for:`);
  for (const format of transcriptFormats) {
    say(
      `  ${format.padEnd(5)} ${(await longestBlock(() => readTranscript(job, { format }, { store }))).toFixed(0)} ms`,
    );
  }
}

const folder = await mkdtemp(join(tmpdir(), 'phonograph-bench-'));
try {
  const references = await readReferences();
  report('this server', await withServer(names), references);
  const others: Made[] = [];
  for (const name of names) others.push(await withOther(name, folder));
  report(other, others, references);
  await reportFilm();
} finally {
  await rm(folder, { recursive: true });
}
