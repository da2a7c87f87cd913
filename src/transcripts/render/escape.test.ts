import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
// @ts-expect-error -- it brings no types
import webvtt from 'webvtt-parser';
import { rendered, segment, transcript } from '#src/testing/transcripts.ts';
import type { TranscriptFormat } from '../../jobs/transcript.ts';
import { oneLine } from './line.ts';

const hostile = [
  '-->',
  '--->',
  '&lt;',
  '<b>',
  '</v>',
  '[00:01.00]',
  '{\\an8}',
  '\\N',
  '"',
  ',',
  '\t',
  '\r\n',
  '\n\n',
  '\u2028',
  '\u0085',
  '\0',
];
const anyText = fc
  .array(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'grapheme', maxLength: 8 })), { maxLength: 12 })
  .map((parts) => parts.join(''));

/** A cue holds a whole text. */
const wide = { maxLineWidth: 1000, maxLineCount: 1 };

/** Without the marks that tell players in which direction a line goes. */
const undirected = (text: string) => text.replaceAll(/[\u200F\u202B\u202C]/gu, '');

/** Holds a sentence against texts of any kind, each a segment of its own, spoken by anybody, long before the next. */
async function forAnyTexts(
  format: TranscriptFormat,
  check: (written: string, texts: readonly string[], speakers: readonly string[]) => void,
): Promise<void> {
  const anySaid = fc.array(fc.record({ text: anyText, speaker: anyText }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(anySaid, async (said) => {
      const heard = said.filter(({ text }) => oneLine(text) !== '');
      const segments = heard.map(({ text, speaker }, at) => ({
        ...segment(text, at * 10, at * 10 + 1),
        index: at,
        speaker,
      }));
      const written = await rendered(format, transcript(segments, { speakers: true, ...wide }));
      check(
        written,
        heard.map(({ text }) => oneLine(text)),
        heard.map(({ speaker }) => oneLine(speaker)),
      );
    }),
  );
}

test('VTT says what was said, to the letter, and is valid, whatever is in a text or a name', () =>
  forAnyTexts('VTT', (written, texts) => {
    const { cues, errors } = new webvtt.WebVTTParser().parse(written);
    assert.deepEqual(errors, []);
    assert.equal(cues.length, texts.length);
    const said = (cue: any) => cue.text.replace(/^<v [^>]*>/u, '');
    const plain = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    assert.deepEqual(cues.map(said).map(plain).map(undirected), texts.map(undirected));
    for (const cue of cues) assert.doesNotMatch(said(cue), /[<>]|&(?!amp;|lt;|gt;)/u);
  }));

test('SRT has four lines for a cue, and one arrow among them', () =>
  forAnyTexts('SRT', (written, texts) => {
    const lines = written.split('\n');
    assert.equal(lines.length, texts.length * 4 + 1);
    assert.equal(written.split('-->').length, texts.length + 1);
  }));

test('ASS has a line for each cue with nine commas before its text, and no command in it', () =>
  forAnyTexts('ASS', (written, texts) => {
    const events = written.split('\n').filter((line) => line.startsWith('Dialogue: '));
    assert.equal(events.length, texts.length);
    for (const [index, event] of events.entries()) {
      const text = event.split(',').slice(9).join(',');
      assert.doesNotMatch(text, /(?<!\\)[{}]|\\[^{}\u2060]/u);
      assert.equal(
        undirected(text.replaceAll('\u2060', '').replaceAll(/\\(?=[{}])/gu, '')),
        undirected(texts[index]?.replaceAll('\u2060', '') ?? ''),
      );
    }
  }));

test('LRC has one time a line, at its beginning', () =>
  forAnyTexts('LRC', (written, texts) => {
    const lines = written.split('\n').slice(0, -1);
    assert.equal(lines.length, texts.length);
    for (const line of lines) assert.equal(line.match(/[[<]\d+:/gu)?.length, 1);
  }));

test('TSV has three fields a line', () =>
  forAnyTexts('TSV', (written, texts) => {
    const rows = written.split('\n').slice(1, -1);
    assert.deepEqual(
      rows.map((row) => row.split('\t').length),
      texts.map(() => 3),
    );
  }));

test('no field of CSV is a formula, and its rows end where they should', () =>
  forAnyTexts('CSV', (written, texts) => {
    assert.equal(written.split('\r\n').length, texts.length + 2);
    assert.equal(written.split('\n').length, texts.length + 2);
    const fields = [...written.matchAll(/(?:^|,)(?:"(?<quoted>(?:[^"]|"")*)"|(?<plain>[^,\r"]*))/gmu)];
    for (const { groups } of fields)
      assert.doesNotMatch(groups?.['quoted'] ?? groups?.['plain'] ?? '', /^[=+\-@\t\r]/u);
  }));

for (const start of ['=', '+', '-', '@', '\t=', '\r=', '＝', '＋', '－', '＠']) {
  test(`a text that begins with ${JSON.stringify(start)} is no formula`, async () => {
    const written = await rendered('CSV', transcript([{ ...segment(`${start}1+1`), speaker: `${start}1` }]));
    assert.match(written, /\r\n0,0,1\.5,'\S*1,en,'\S*1\+1\r\n$/u);
  });
}

test('JSON says what was said, to the letter', () =>
  forAnyTexts('JSON', (written, texts) => {
    const said: readonly { readonly text: string }[] = JSON.parse(written).segments;
    assert.deepEqual(
      said.map(({ text }) => oneLine(text)),
      texts,
    );
  }));
