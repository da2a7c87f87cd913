import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible, desktop, openVisit, skipWithoutBrowser } from '#src/testing/chromium.ts';
import { openProcessHarness } from '#src/testing/process.ts';
import { openReceiver } from '#src/testing/receiver.ts';
import { openRecordingServer } from '#src/testing/recording-server.ts';

const recording = join(import.meta.dirname, '../../../samples/jfk.flac');

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** The row of a recording that is done, whose name it is a link by. */
async function whenDone(page: Page, name: string): Promise<void> {
  await page.getByRole('article').filter({ hasText: name }).getByText('Done').waitFor();
}

/** A second and a half of a picture that changes, as a browser records it. */
async function recordVideo(page: Page): Promise<Buffer> {
  const numbers: number[] = await page.evaluate(async () => {
    const { document, MediaRecorder, setInterval, clearInterval } = globalThis as any;
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');
    let frame = 0;
    const timer = setInterval(() => {
      pen.fillStyle = `hsl(${(frame += 20)} 80% 50%)`;
      pen.fillRect(0, 0, canvas.width, canvas.height);
    }, 40);
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' });
    const parts: any[] = [];
    recorder.ondataavailable = ({ data }: any) => {
      parts.push(data);
      if (frame > 700) recorder.stop();
    };
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start(100);
    await stopped;
    clearInterval(timer);
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
  });
  return Buffer.from(numbers);
}

test(
  'recordings come from every folder of the server, from an address and as a film, and a webhook is told',
  { skip: skipWithoutBrowser },
  async () => {
    await using harness = await openProcessHarness('speaks');
    const archive = join(harness.directory, 'archive');
    await mkdir(join(archive, 'tapes'), { recursive: true });
    await copyFile(recording, join(archive, 'tapes/interview.flac'));
    await using receiver = await openReceiver();
    const bytes = await readFile(recording);
    await using elsewhere = await openRecordingServer((_, response) => {
      response.end(bytes);
    });
    const url = await harness.start({
      PHONOGRAPH_MEDIA_ROOTS: `${harness.media}:${archive}`,
      PHONOGRAPH_URL_ALLOWED_CIDRS: '127.0.0.0/8',
    }).url;
    await using visit = await openVisit(url, desktop);
    const page = await visit.context.newPage();
    await page.goto(url);

    // The server: who runs jobs, and whom it tells.
    await page.getByRole('link', { name: 'Server' }).click();
    await page.getByRole('region', { name: 'Who runs jobs' }).getByText('at work').waitFor();
    const webhooks = page.getByRole('region', { name: 'Webhooks' });
    await webhooks.getByLabel('Address').fill(receiver.url);
    await webhooks.getByRole('button', { name: 'Add' }).click();
    await webhooks.getByText(/^whsec_/u).waitFor();
    await webhooks.getByRole('button', { name: `Test: ${receiver.url}` }).click();
    await page.getByText('Answered with 204.').waitFor();
    assert.deepEqual(
      (await receiver.until(1)).map(({ type }) => type),
      ['ping'],
    );
    await assertAccessible(page);

    // A folder of the second media root, and who speaks there.
    await page.getByRole('link', { name: 'Recordings' }).click();
    await button(page, 'From the server').click();
    await page.getByRole('checkbox', { name: 'speech.wav' }).waitFor();
    await page.getByLabel('Folder of the server').selectOption(archive);
    await page.getByRole('button', { name: 'tapes' }).click();
    await button(page, '↑ Up').click();
    await page.getByRole('button', { name: 'tapes' }).click();
    await page.getByRole('checkbox', { name: 'interview.flac' }).check();
    await assertAccessible(page);
    await button(page, 'Add').click();
    await page.getByLabel('Who speaks').selectOption('DETECT');
    await button(page, 'Transcribe').click();
    await whenDone(page, 'interview.flac');
    await page.getByRole('link', { name: 'interview.flac' }).click();
    await button(page, 'Speaker 2: rename or merge').waitFor();
    await button(page, 'Speakers').click();
    await page.getByLabel('At least').fill('3');
    await page.getByLabel('At most').fill('2');
    await button(page, 'Tell apart').click();
    await page.getByRole('alert').waitFor();
    await assertAccessible(page);
    await page.getByLabel('At least').fill('2');
    await button(page, 'Tell apart').click();
    await page.getByText('2 speakers told apart.').waitFor();
    await page.getByText('three', { exact: true }).first().waitFor();

    // An address.
    await page.getByRole('link', { name: 'Recordings' }).click();
    await button(page, 'From a link').click();
    await page.getByLabel('Address of a recording').fill(`${elsewhere.origin}/speech.flac`);
    await button(page, 'Add').click();
    await button(page, 'Transcribe').click();
    await whenDone(page, 'speech.flac');

    // A film is shown with what is said.
    const film = { name: 'film.webm', mimeType: 'video/webm', buffer: await recordVideo(page) };
    await page.locator('input[type=file][multiple]').setInputFiles([film]);
    await button(page, 'Transcribe').click();
    await whenDone(page, 'film.webm');
    await page.getByRole('link', { name: 'film.webm' }).click();
    await page.locator('.has-video video').waitFor();
    await button(page, 'Play').click();
    await page.waitForFunction(() => {
      const [track] = (document as any).querySelector('video').textTracks;
      return track?.mode === 'showing' && track.activeCues?.[0]?.text === 'one two';
    });

    await receiver.until(4);
    const told = receiver.received.slice(1).map(({ type }) => type);
    assert.deepEqual(told, ['job.completed', 'job.completed', 'job.completed']);
    await page.getByRole('link', { name: 'Server' }).click();
    await webhooks.getByRole('button', { name: `Delete: ${receiver.url}` }).click();
    await webhooks.getByText(receiver.url).waitFor({ state: 'detached' });
    assert.deepEqual([...visit.elsewhere, ...visit.complaints], []);
  },
);
