import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { rendered, segment, transcript } from '#src/testing/transcripts.ts';
import type { Segment, Word } from '../../jobs/transcript.ts';
import { gapMs, guidelines } from './guidelines.ts';
import { oneLine } from './line.ts';
import { type Cue, cuesInTurn, cuesOverEachOther, linesOf } from './screen.ts';
import type { Transcript } from './transcript.ts';
import { widthOf } from './wrap.ts';

const inTurn = (segments: readonly Segment[], changes: Partial<Transcript> = {}) =>
  Array.fromAsync(cuesInTurn(transcript(segments, changes)));
const overEachOther = (segments: readonly Segment[], changes: Partial<Transcript> = {}) =>
  Array.fromAsync(cuesOverEachOther(transcript(segments, changes)));
const spansOf = (cues: readonly Cue[]) => cues.map(({ startMs, endMs }) => [startMs, endMs]);
const textsOf = (cues: readonly Cue[]) => cues.map((cue) => linesOf(cue).join(' / '));
const by = (speaker: string, text: string, start: number, end: number) => ({ ...segment(text, start, end), speaker });

test('a cue stands until it can be read, but not beyond two frames before the next, nor for more than 7 s', async () => {
  const said = 'Ask not what your country can do for you';
  const cues = await inTurn([
    segment(`${said}.`, 0, 1),
    segment('Ask.', 20, 20.2),
    segment('No.', 30, 30.1),
    segment(`${said}.`, 32.5, 34),
  ]);
  assert.deepEqual(spansOf(cues), [
    [0, Math.ceil((41 / 17) * 1000)],
    [20_000, 21_000],
    [30_000, 31_000],
    [32_500, 34_000 + Math.ceil((41 / 17) * 1000) - 1500],
  ]);
  const near = await inTurn([segment('Ask not what.', 0, 1), segment('Your country.', 1.3, 3)]);
  assert.deepEqual(spansOf(near)[0], [0, 1300 - gapMs]);
  const slow = await inTurn([segment('Ask not what your country can do for you', 0, 12)]);
  assert.ok(slow.length === 2 && slow.every(({ startMs, endMs }) => endMs - startMs <= 7000));
});

test('the numbers are those that a client asks for', async () => {
  const [cue] = await inTurn([segment('Ask not what your country can do for you.', 0, 1)], {
    maxCharactersPerSecond: 10,
  });
  assert.equal(cue?.endMs, 4100);
  const [longer] = await inTurn([segment('Ask.', 0, 0.2)], { minCueSeconds: 2.5 });
  assert.equal(longer?.endMs, 2500);
  const shorter = await inTurn([segment('Ask not what your country can do', 0, 6)], { maxCueSeconds: 3 });
  assert.ok(shorter.length > 1 && shorter.every(({ startMs, endMs }) => endMs - startMs <= 3000));
});

test('what is too long is split at sentences, else at clauses, and at its words where their times are known', async () => {
  const text =
    'We choose to go to the moon in this decade, and do the other things, not because they are easy. Thank you very much, all of you here today.';
  assert.deepEqual(textsOf(await inTurn([segment(text, 0, 9)])), [
    'We choose to go to the / moon in this decade,',
    'and do the other things, / not because they are easy.',
    'Thank you very much, / all of you here today.',
  ]);
  const words: Word[] = text.split(' ').map((word, at) => {
    const startSeconds = at < 10 ? at * 0.2 : 10 + at * 0.2;
    return { text: word, startSeconds, endSeconds: startSeconds + 0.2, probability: 1, speaker: null };
  });
  const cues = await inTurn([{ ...segment(text, 0, 16), words }]);
  assert.deepEqual(
    cues.map(({ startMs }) => startMs),
    [0, 12_000, 14_000],
  );
});

test('no word stands alone that is none by itself, and what is cut within a sentence is joined again', async () => {
  const cues = await inTurn([
    segment('Yesterday afternoon in Boston we met with Dr.', 0, 3.2),
    segment('King.', 3.4, 3.9),
    segment('No.', 7, 7.3),
  ]);
  assert.deepEqual(textsOf(cues), ['Yesterday afternoon in / Boston we met with Dr. King.', 'No.']);
});

test('of two who speak at once both can be read for as long: in one cue with a dash each, or over each other', async () => {
  const said = [
    by('1', 'He began a complaint', 0, 2.3),
    by('2', 'The horizon seems distant', 0, 2.3),
    by('1', 'who had vanished', 2.3, 4.5),
  ];
  assert.deepEqual(textsOf(await inTurn(said)), [
    '- He began a complaint / - The horizon seems distant',
    'who had vanished',
  ]);
  assert.deepEqual(spansOf(await inTurn(said)), [
    [0, 2217],
    [2300, 4500],
  ]);
  assert.deepEqual(spansOf(await overEachOther(said)), [
    [0, 2300],
    [0, 2217],
    [2300, 4500],
  ]);
  const lines = (await rendered('LRC', transcript(said))).split('\n');
  assert.equal(lines[0], '[00:00.00]- He began a complaint / - The horizon seems distant');
});

test('who goes on for long while others speak stands beside each of them', async () => {
  const cues = await inTurn([
    by('1', 'a long complaint about the wizard', 0, 6.5),
    by('2', 'and an answer that is as long', 4, 10),
  ]);
  assert.deepEqual(textsOf(cues), [
    'a long complaint about the wizard',
    '- a long complaint about the wizard / - and an answer that is as long',
  ]);
});

test('a short answer is no flash: it stands for a second, with what is said before it where need be', async () => {
  const said = [by('1', 'Ready?', 0, 0.4), by('2', 'Yes.', 0.5, 0.8), by('1', 'Then let us go there.', 3, 4.2)];
  assert.deepEqual(textsOf(await inTurn(said)), ['- Ready? / - Yes.', 'Then let us go there.']);
  assert.deepEqual(spansOf(await overEachOther(said)), [
    [0, 1000],
    [500, 1500],
    [3000, 4236],
  ]);
});

/** Two or three people, each saying sentences of a speed that is human, without regard to the others. */
const anyTurn = fc.record({
  pause: fc.double({ min: 0, max: 4, noNaN: true }),
  length: fc.double({ min: 0.4, max: 6.8, noNaN: true }),
});
const anyTalk = fc
  .tuple(fc.array(fc.array(anyTurn, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 3 }), fc.boolean())
  .map(([people, isKnown]) =>
    people
      .flatMap((turns, person) => {
        let at = 0;
        return turns.map(({ pause, length }, turn) => {
          const start = at + pause;
          at = start + length;
          const words = Array.from({ length: Math.ceil(length * 2) }, (_, word) => `P${person}t${turn}w${word}`);
          return { ...segment(`${words.join(' ')}.`, start, at), speaker: isKnown ? String(person) : null };
        });
      })
      .toSorted((one, other) => one.startSeconds - other.startSeconds),
  );

/** Cues of a file: begin, end, words. */
function read(file: string): readonly { startMs: number; endMs: number; text: string }[] {
  const ms = (time: string) => {
    const [hours = 0, minutes = 0, seconds = 0] = time.replace(',', '.').split(':').map(Number);
    return Math.round((hours * 3600 + minutes * 60 + seconds) * 1000);
  };
  return [...file.matchAll(/^(?<start>[\d:.,]+) --> (?<end>[\d:.,]+)\n(?<text>(?:.+\n)+)/gmu)].map(({ groups }) => ({
    startMs: ms(groups?.['start'] ?? ''),
    endMs: ms(groups?.['end'] ?? ''),
    text: groups?.['text'] ?? '',
  }));
}

for (const format of ['SRT', 'VTT'] as const) {
  test(`${format} shows each text of people who talk at once for nearly as long as it is said, none is lost, and their order is kept`, () =>
    fc.assert(
      fc.asyncProperty(anyTalk, async (said) => {
        const cues = read(await rendered(format, transcript(said)));
        for (const { text, startSeconds, endSeconds } of said) {
          const words = text.replace('.', '').split(' ');
          for (const word of words)
            assert.ok(
              cues.some((cue) => new RegExp(String.raw`\b${word}\b`, 'u').test(cue.text)),
              word,
            );
          const turn = /^P\dt\d/u.exec(text)?.[0] ?? '';
          const own = cues.filter((cue) => cue.text.includes(`${turn}w`));
          const shownMs = own.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
          assert.ok(shownMs >= 0.8 * (endSeconds - startSeconds) * 1000, `${turn} ${shownMs}`);
        }
        assert.deepEqual(
          cues,
          cues.toSorted((one, other) => one.startMs - other.startMs),
        );
        // Of people who are not told apart a text may stand with one of another that is said a little earlier.
        if (said[0]?.speaker === null) return;
        const first = [...new Set(cues.flatMap((cue) => cue.text.match(/P\dt\dw\d+/gu) ?? []))];
        for (const person of ['P0', 'P1', 'P2']) {
          const own = first.filter((word) => word.startsWith(person));
          const spoken = said
            .flatMap(({ text }) => text.match(/P\dt\dw\d+/gu) ?? [])
            .filter((word) => word.startsWith(person));
          assert.deepEqual(own, spoken);
        }
      }),
      { numRuns: 200 },
    ));
}

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.stringMatching(/^([a-z]{1,12} ){0,20}$/u),
  fc.string({ unit: fc.constantFrom(...Array.from('กเาิ์ครับက္ကသည်។ខ្មែរ今日は、。」「ー語ສະບາຍ')), maxLength: 80 }),
);
const anySegment = fc.record({
  text: anyText,
  start: fc.double({ min: 0, max: 4e5, noNaN: true }),
  length: fc.double({ min: -1, max: 30, noNaN: true }),
  speaker: fc.option(fc.string({ maxLength: 20 })),
});
const anyRules = fc.record({
  maxLineWidth: fc.integer({ min: 8, max: 80 }),
  maxLineCount: fc.integer({ min: 1, max: 3 }),
  maxCharactersPerSecond: fc.double({ min: 1, max: 100, noNaN: true }),
  minCueSeconds: fc.double({ min: 0, max: 2, noNaN: true }),
  maxCueSeconds: fc.double({ min: 2, max: 20, noNaN: true }),
});
const anyManner = fc.record({ named: fc.boolean(), unitMs: fc.constantFrom(1, 10) });

test('whatever is said and whenever, cues are in order, none is brief or too wide, and no letter is lost', () =>
  fc.assert(
    fc.asyncProperty(fc.array(anySegment, { maxLength: 12 }), anyRules, anyManner, async (said, rules, manner) => {
      const segments = said.map(({ text, start, length, speaker }) => ({
        ...segment(text, start, start + length),
        speaker,
      }));
      const written = transcript(segments, rules);
      let floor = 0;
      for (const cue of await Array.fromAsync(cuesInTurn(written, manner))) {
        assert.ok(cue.startMs >= floor && cue.startMs % manner.unitMs === 0 && cue.endMs % manner.unitMs === 0);
        assert.ok(cue.endMs - cue.startMs >= Math.max(1, rules.minCueSeconds * 1000));
        floor = cue.endMs + gapMs;
      }
      const over = await Array.fromAsync(cuesOverEachOther(written, manner));
      for (const { voices, startMs, endMs } of over) {
        assert.ok(endMs - startMs >= Math.max(1, rules.minCueSeconds * 1000) && voices.length === 1);
        const lines = voices[0]?.lines ?? [];
        assert.ok(lines.length > 0 && lines.length <= rules.maxLineCount);
        for (const line of lines) assert.ok(line !== '' && widthOf(line) <= rules.maxLineWidth, JSON.stringify(line));
      }
      const letters = (text: string) => oneLine(text).replaceAll(' ', '').split('').toSorted().join('');
      if (manner.named) return;
      assert.equal(
        letters(over.flatMap(({ voices }) => voices.flatMap(({ lines }) => lines)).join('')),
        letters(segments.map(({ text }) => text).join('')),
      );
    }),
  ));

/** Sentences of words, each word with its time, at 14 letters a second. */
const anyPhrases = fc
  .array(fc.array(fc.integer({ min: 2, max: 9 }), { minLength: 3, maxLength: 25 }), { minLength: 1, maxLength: 8 })
  .map((sentences) => {
    let at = 0;
    return sentences.map((lengths) => {
      const start = at;
      const words = lengths.map((length, number) => {
        const startSeconds = at;
        at += (length + 1) / 14;
        const text = `${number === 0 ? 'X' : 'x'}${'x'.repeat(length - 1)}${number === lengths.length - 1 ? '.' : ''}`;
        return { text, startSeconds, endSeconds: at, probability: 1, speaker: null };
      });
      const said = { ...segment(words.map(({ text }) => text).join(' '), start, at), words };
      at += 0.4;
      return said;
    });
  });

test('speech at an easy pace becomes cues that break none of the guidelines', () =>
  fc.assert(
    fc.asyncProperty(anyPhrases, async (segments) => {
      for (const cue of await inTurn(segments)) {
        const seconds = (cue.endMs - cue.startMs) / 1000;
        const text = linesOf(cue).join(' ');
        assert.ok(seconds >= guidelines.minCueSeconds && seconds <= guidelines.maxCueSeconds);
        assert.ok(widthOf(text) / seconds <= guidelines.maxCharactersPerSecond + 0.01, text);
        assert.ok(text.includes(' '), text);
      }
    }),
  ));
