import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertAccessible, desktop, keepScreenshot, openVisit, skipWithoutBrowser } from '#src/testing/chromium.ts';
import { openProcessHarness } from '#src/testing/process.ts';

const samples = join(import.meta.dirname, '../../../samples');

test(
  'a newcomer has an address transcribed, hears a word of it, names the speaker and takes subtitles along',
  { skip: skipWithoutBrowser },
  async () => {
    await using harness = await openProcessHarness(null);
    const url = await harness.start().url;
    await using visit = await openVisit(url, { ...desktop, acceptDownloads: true });
    const page = await visit.context.newPage();
    await page.goto(url);
    await page
      .locator('input[type=file][multiple]')
      .setInputFiles([join(samples, 'jfk.flac'), join(samples, 'columbia.opus')]);
    await page.getByRole('button', { name: 'Transcribe' }).click();
    const columbia = page.getByRole('article').filter({ hasText: 'columbia.opus' });
    await columbia.getByText(/left/u).waitFor({ timeout: 120_000 });
    await keepScreenshot(page, 'web-recordings');

    await page.getByRole('link', { name: 'columbia.opus' }).click();
    await page.getByText('Houston').first().waitFor({ timeout: 120_000 });
    await page
      .getByRole('button', { name: /^Correct/u })
      .first()
      .waitFor({ timeout: 120_000 });
    // It has gone along with the words to their end.
    await page.evaluate(() => (globalThis as any).scrollTo(0, 0));
    const word = page.locator('[data-word]', { hasText: 'Houston' }).first();
    await word.click();
    await page.locator('.word-said').waitFor();
    const [played, row] = await page.evaluate(() => {
      const { document } = globalThis as any;
      return [document.querySelector('video').currentTime, document.querySelector('.segment.said').textContent];
    });
    assert.ok(played > 8 && played < 20, `${played} s`);
    assert.match(row, /Houston/u);
    await page.getByRole('button', { name: 'Pause' }).click();

    await page.getByRole('button', { name: 'Correct, 0:00' }).click();
    await page.getByRole('combobox', { name: 'Speaker' }).selectOption('1');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Speaker 1: rename or merge' }).click();
    await page.getByLabel('Name of the speaker').fill('George W. Bush');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'George W. Bush: rename or merge' }).waitFor();
    await word.click();
    await page.locator('.word-said').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await assertAccessible(page);
    await keepScreenshot(page, 'web-transcript');

    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByLabel('Format').selectOption('SRT');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save file' }).click(),
    ]);
    assert.match(
      await readFile(await download.path(), 'utf8'),
      /^1\n00:00:0\d,\d{3} --> [^\n]*\nGeorge W\. Bush: My fellow Americans/u,
    );
    assert.deepEqual([...visit.elsewhere, ...visit.complaints], []);
  },
);
