import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rendered, segment, transcript } from '#src/testing/transcripts.ts';
import { transcriptFormats } from '../../jobs/transcript.ts';
import { render } from './render.ts';
import { cuesInTurn, linesOf } from './screen.ts';

test('plain text has a line for each sentence, and paragraphs that end at a longer pause and where another speaks', async () => {
  const segments = [
    segment('Ask not what', 0, 1),
    segment('your country can do for you. Ask what', 2.5, 4),
    segment('Dr. King did.', 4, 5),
    segment('And', 5, 5),
    segment('so', 7.5, 8),
    segment(' ', 8, 8),
    { ...segment('yes', 8, 9), speaker: '2' },
  ];
  const text = 'Ask not what your country can do for you.\nAsk what Dr. King did.\nAnd\n\nso\n\nyes\n';
  assert.equal(await rendered('TXT', transcript(segments)), text);
  const japanese = [segment('今日は', 0, 1), segment('いい天気です。', 1, 2), segment('明日', 2, 3)];
  assert.equal(await rendered('TXT', transcript(japanese, { language: 'ja' })), '今日はいい天気です。\n明日\n');
});

test('a paragraph is not long: it ends with a sentence, or somewhere where there is none', async () => {
  const sentences = Array.from({ length: 40 }, (_, at) => segment('Ask not what your country can do.', at, at + 1));
  const paragraphs = (await rendered('TXT', transcript(sentences))).split('\n\n');
  assert.ok(paragraphs.length > 2 && paragraphs.every((text) => text.length < 500));
  const endless = Array.from({ length: 400 }, (_, at) => segment('ask not what your country can do', at, at + 1));
  const parts = (await rendered('TXT', transcript(endless))).split('\n\n');
  assert.ok(parts.length > 2 && parts.every((text) => text.length < 5000));
});

test('HTML is a page of paragraphs that loads and runs nothing, whose times and speakers lead to places in it', async () => {
  const said = [
    { ...segment('Ask <b>not</b>.', 0, 1), speaker: 'A & "B"' },
    { ...segment('ask', 3661, 3662), speaker: '2' },
    { ...segment('هذا نص.', 3670, 3671), speaker: 'A & "B"', language: 'ar' },
  ];
  const page = await rendered('HTML', transcript(said, { speakers: true, title: '<script>alert(1)</script>' }));
  assert.match(page, /^<!doctype html>\n<html lang="en">/u);
  assert.match(page, /<title>&lt;script&gt;/u);
  assert.doesNotMatch(page, /<script|src=|https?:|<b>/u);
  assert.match(page, /<a class="time" href="#p2">01:01:01<\/a><a class="speaker" href="#s2">2<\/a>: ask<\/p>/u);
  assert.match(page, /<p id="p3" dir="auto" lang="ar">/u);
  const targets = [...page.matchAll(/href="#(?<id>\w+)"/gu)].map(({ groups }) => groups?.['id']);
  assert.ok(targets.length > 6);
  for (const id of targets) assert.ok(page.includes(`id="${id}"`), id);
  assert.match(page, /<p id="s1" dir="auto"><span class="speaker">A &amp; &quot;B&quot;<\/span>: .*#p1.*\n.*#p3/u);
  assert.doesNotMatch(await rendered('HTML', transcript(said)), /class="speaker"/u);
});

test('lines of Arabic and Hebrew have the marks that players need, and other lines have none', async () => {
  const said = [
    segment('مرحبا بكم.', 0, 2),
    segment('ABC هذا نص عربي', 9, 12),
    segment('שלום לכולם', 15, 17),
    segment('Hello.', 20, 21),
  ];
  const srt = await rendered('SRT', transcript(said));
  assert.match(srt, /\n\u202Bمرحبا بكم\.\u202C\n/u);
  assert.match(srt, /\n\u202BABC هذا نص عربي\u202C\n/u);
  assert.match(srt, /\nשלום לכולם\n/u);
  assert.match(srt, /\nHello\.\n/u);
  assert.match(await rendered('ASS', transcript(said)), /,,\u202Bمرحبا بكم\.\u202C\n/u);
  const vtt = await rendered('VTT', transcript(said));
  assert.match(vtt, /\nمرحبا بكم\.\n/u);
  assert.match(vtt, /\n\u200FABC هذا نص عربي\n/u);
});

test('Chinese, Japanese and Thai break between words, in lines and in cues', async () => {
  const said = {
    zh: '我们今天要讨论的是一个非常重要的问题我们今天要讨论的是一个非常重要的问题',
    ja: '今日はとてもいい天気ですね、散歩に行きましょう。今日はとてもいい天気ですね、散歩に行きましょう。',
    th: 'สวัสดีครับวันนี้อากาศดีมากผมอยากไปเดินเล่นที่สวนสาธารณะกับเพื่อนของผม',
  };
  for (const [language, text] of Object.entries(said)) {
    const lines = [];
    for await (const cue of cuesInTurn(transcript([segment(text, 0, 12)], { language, maxLineWidth: 16 })))
      lines.push(...linesOf(cue));
    assert.equal(lines.join(''), text);
    const ends = new Set(
      [...new Intl.Segmenter(language, { granularity: 'word' }).segment(text)].map(({ index }) => index),
    );
    let at = 0;
    for (const line of lines.slice(0, -1)) assert.ok(ends.has((at += line.length)), line);
    assert.ok(lines.length > 3);
  }
});

test('a speaker is said where that is wanted', async () => {
  const said = [
    { ...segment('Ask not', 0, 1), speaker: '1' },
    { ...segment('ask', 2, 3), speaker: '2' },
    { ...segment('SUM', 3, 4), speaker: '2' },
  ];
  const wanted = transcript(said, { speakers: true });
  assert.equal(await rendered('TXT', wanted), '1: Ask not\n\n2: ask SUM\n');
  assert.match(await rendered('SRT', wanted), /\n1: Ask not\n/u);
  assert.match(await rendered('VTT', wanted), /\n<v 1>Ask not\n/u);
  assert.match(await rendered('LRC', wanted), /^\[00:00\.00\]1: Ask/u);
  assert.match(await rendered('ASS', wanted), /Default,1,0,0,0,,Ask/u);
});

test('a transcript without segments is empty in every format', async () => {
  for (const format of transcriptFormats) {
    assert.doesNotMatch(await rendered(format, transcript([])), /undefined|null,\n/u);
  }
  assert.equal(await rendered('TXT', transcript([])), '');
  assert.equal(await rendered('VTT', transcript([])), 'WEBVTT\n\n');
  assert.equal(await rendered('CSV', transcript([])), '\uFEFFindex,startSeconds,endSeconds,speaker,language,text\r\n');
  assert.deepEqual(JSON.parse(await rendered('JSON', transcript([]))), { text: '', segments: [], language: 'en' });
});

test("JSON has the keys of Whisper's that are known, and no others but speaker and language", async () => {
  const words = [{ startSeconds: 0, endSeconds: 0.5, text: ' hi', probability: 0.9, speaker: null }];
  const known = { avgLogProbability: -0.1, noSpeechProbability: 0.2, language: 'de', speaker: '1', words };
  const { segments, text, language } = JSON.parse(
    await rendered('JSON', transcript([segment('hi'), { ...segment('ho', 1.5, 2), index: 1, ...known }])),
  );
  assert.deepEqual(segments, [
    { id: 0, start: 0, end: 1.5, text: 'hi' },
    {
      id: 1,
      start: 1.5,
      end: 2,
      text: 'ho',
      avg_logprob: -0.1,
      no_speech_prob: 0.2,
      language: 'de',
      speaker: '1',
      words: [{ word: ' hi', start: 0, end: 0.5, probability: 0.9 }],
    },
  ]);
  assert.deepEqual([text, language], ['hi ho', 'en']);
});

test('segments are taken as their text is wanted, in every format', async () => {
  const total = 10_000;
  let taken = 0;
  function* segments() {
    for (; taken < total; taken += 1) yield segment('Ask not what your country can do for you.', taken, taken + 1);
  }
  for (const format of transcriptFormats) {
    taken = 0;
    let least = total;
    for await (const piece of render(format, { ...transcript([]), segments: segments() })) {
      assert.ok(piece.length < 17_000 || (format === 'JSON' && taken === total));
      least = Math.min(least, taken);
    }
    assert.ok(taken === total && least < total / 10, format);
  }
});
