import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { execa } from 'execa';
import { readConfig } from '#src/config/config.ts';
import { eventsOf, type SeenEvent } from '#src/testing/follow.ts';
import { openTestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';

const root = join(import.meta.dirname, '../../..');
const { engineCommand, modelDirectory } = readConfig(root, {}).server;
/** Recordings that lie beside the checkout where there are any. */
const cases = join(root, '../shared/cases');

interface Heard {
  readonly segments: NonNullable<SeenEvent['segments']>;
  readonly srt: string;
}

/** What the real engine hears in a recording, and its subtitles. */
async function hear(folder: string, path: string, channels: 'MIX' | 'SPLIT'): Promise<Heard> {
  const mediaRoots = [{ configured: folder, path: folder }];
  await using server = await openTestServer({ server: { engineCommand, modelDirectory, mediaRoots } });
  const query =
    'mutation ($input: TranscribeInput!) { transcribe(input: $input) { ... on TranscribeSuccess { job { id } } } }';
  const { data } = await server.ask(query, { input: { media: { path }, channels } });
  const { id } = data.transcribe.job;
  const segments = (await eventsOf(server.url, id)).flatMap((event) => event.segments ?? []);
  return { segments, srt: await (await fetch(`${server.url}/jobs/${id}/transcript.srt`)).text() };
}

/** The seconds for which a text, or a part of it, is on the screen. */
function shownFor(srt: string, text: string): number {
  const seconds = (time: string) =>
    time
      .replace(',', '.')
      .split(':')
      .reduce((sum, part) => sum * 60 + Number(part), 0);
  const own = srt.split('\n\n').filter((cue) => {
    const said = cue.split('\n').slice(2).join(' ').replaceAll('- ', '');
    return text.split(' ').some((_, at, words) => said.includes(words.slice(at, at + 3).join(' ')));
  });
  return own.reduce((sum, cue) => {
    const [start = '', end = ''] = (cue.split('\n')[1] ?? '').split(' --> ');
    return sum + seconds(end) - seconds(start);
  }, 0);
}

function assertReadable({ segments, srt }: Heard): void {
  assert.ok(segments.length > 1, 'something is heard');
  for (const { text, startSeconds, endSeconds } of segments) {
    const shown = shownFor(srt, text);
    assert.ok(
      shown >= 0.8 * (endSeconds - startSeconds),
      `${text} stands for ${shown} s of ${endSeconds - startSeconds}\n${srt}`,
    );
  }
}

function skipWithout(t: TestContext, path: string): boolean {
  if (existsSync(path)) return false;
  t.skip('needs the recordings beside the checkout');
  return true;
}

test('two who begin to speak at once can both be read for as long as they speak', async (t) => {
  if (skipWithout(t, join(cases, '05-overlap-same-start.flac'))) return;
  const heard = await hear(cases, '05-overlap-same-start.flac', 'SPLIT');
  assertReadable(heard);
  assert.match(heard.srt, /^- .+\n(?:.+\n)?- /mu);
});

test('who interrupts another, and talks on, can be read, and so can the other', async () => {
  await using folder = await openTemporary();
  await makeDialogue(join(folder.directory, 'dialogue.wav'));
  const heard = await hear(folder.directory, 'dialogue.wav', 'SPLIT');
  assertReadable(heard);
  assert.match(heard.srt, /^- .+\n(?:.+\n)?- /mu);
});

test('no sentence ends, and no cue, at an abbreviation', async (t) => {
  if (skipWithout(t, join(cases, '06-abbreviation.ogg'))) return;
  const { segments, srt } = await hear(cases, '06-abbreviation.ogg', 'MIX');
  assert.ok(segments.length > 0);
  for (const { text } of segments) assert.doesNotMatch(text, /\b(?:Dr|Mr)\.$/u);
  assert.match(srt.replaceAll('\n', ' '), /Dr\. Martin Luther King/u);
  assert.doesNotMatch(srt, /\b(?:Dr|Mr)\.\n/u);
});

/** Two parts of the sample of the project, a channel each, the second beginning 2.4 s later. */
async function makeDialogue(file: string): Promise<void> {
  const program = `
import sys; sys.path.insert(0, sys.argv[3])
import wave
import numpy as np
from engine.audio.media import Media
from engine.audio.recording import Source, open_recording
sound = np.concatenate(list(Media(open_recording(Source(sys.argv[2])), split=False).sound(600.0, None)), axis=1)[0]
late, length = np.zeros(38_400, np.float32), 13 * 16_000
both = np.stack([np.concatenate([sound[:length], late]), np.concatenate([late, sound[length : 2 * length]])], axis=1)
with wave.open(sys.argv[1], "wb") as out:
    out.setnchannels(2); out.setsampwidth(2); out.setframerate(16_000)
    out.writeframes((both * 32767).astype("<i2").tobytes())`;
  const speech = join(root, 'samples/columbia.opus');
  await execa(engineCommand[0] ?? '', ['-c', program, file, speech, join(root, 'runner')]);
}
