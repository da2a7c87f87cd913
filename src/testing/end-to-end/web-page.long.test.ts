import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { newCaller } from '#src/testing/caller.ts';
import {
  assertAccessible,
  desktop,
  keepScreenshot,
  openVisit,
  phone,
  skipWithoutBrowser,
  tabTo,
} from '#src/testing/chromium.ts';
import { idOf, storeManyJobs } from '#src/testing/many-jobs.ts';
import { openProcessHarness, submitTo } from '#src/testing/process.ts';
import { openTestServer } from '#src/testing/server.ts';

const root = join(import.meta.dirname, '../../..');
const recording = join(root, 'samples/jfk.flac');
const options = { skip: skipWithoutBrowser };

/** Chooses files as the button does, and presses the one button of the drawer. */
async function transcribe(page: Page, files: readonly string[]): Promise<void> {
  await page.locator('input[type=file][multiple]').setInputFiles([...files]);
  await page.getByRole('button', { name: 'Transcribe' }).click();
}

const rows = (page: Page) => page.getByRole('list', { name: 'Transcript' }).getByRole('listitem');

test(
  'somebody sends a recording, reads along while the server is killed, finds, exports, searches and deletes',
  options,
  async () => {
    await using harness = await openProcessHarness(null);
    const told = join(harness.directory, 'told');
    const say = (batches: number) => writeFile(told, String(batches));
    const environment = {
      PHONOGRAPH_ENGINE_COMMAND: `${process.execPath} ${join(root, 'runner/fixtures/checked.ts')} as-told ${told}`,
    };
    await say(0);
    let server = harness.start(environment);
    const url = await server.url;
    await using visit = await openVisit(url, { ...desktop, acceptDownloads: true });
    const page = await visit.context.newPage();
    await page.goto(url);
    await page.getByText('No recordings yet').waitFor();
    await assertAccessible(page);
    await transcribe(page, [recording]);

    // At first the recording cannot be fetched.
    const recordings = /\/media(?:\?|$)/u;
    await page.route(recordings, (route) => route.abort());
    await page.getByRole('link', { name: 'jfk.flac' }).click();
    await page.getByText('The words appear here').waitFor();
    await page.getByText('This browser cannot play the recording').waitFor();
    await say(2);
    await rows(page).getByText('sentence 1').waitFor();
    server.child.kill('SIGKILL');
    await server.ended;
    await page.getByText('The server cannot be reached').waitFor();
    await page.unroute(recordings);
    await say(12);
    server = harness.start({ ...environment, PHONOGRAPH_LISTEN_PORT: new URL(url).port });
    await server.url;
    await rows(page).getByText('sentence 11').waitFor();
    assert.equal(await rows(page).count(), 24, 'each once');

    // The file that was sent is what is played, now that its server is back.
    await page.waitForFunction(() => (document as any).querySelector('video').readyState >= 1);
    await page.getByRole('button', { name: 'Play from 0:03' }).first().click();
    await page.waitForFunction(() => (document as any).querySelector('video').currentTime > 3);
    await page.locator('.segment.said').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();

    // Two windows correct it. What is typed is kept, though the page is left before it is saved.
    const other = await visit.context.newPage();
    await other.goto(page.url());
    await page.getByRole('button', { name: 'Correct, 0:00' }).click();
    await page.getByRole('textbox', { name: 'Text at 0:00' }).fill('Sentence null');
    await rows(other).getByText('Sentence null').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+z');
    await rows(other).getByText('sentence 0').waitFor();
    await page.keyboard.press('Control+Shift+z');
    await rows(other).getByText('Sentence null').waitFor();
    await other.getByRole('button', { name: 'Correct, 0:03' }).click();
    await other.getByRole('textbox', { name: 'Text at 0:03' }).fill('Typed elsewhere');
    await other.reload();
    await rows(page).getByText('Typed elsewhere').waitFor();
    await page.getByRole('button', { name: 'Correct, 0:00' }).click();
    await page.getByRole('combobox', { name: 'Speaker' }).selectOption('1');
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Speaker 1: rename or merge' }).click();
    await page.getByLabel('Name of the speaker').fill('Anna');
    await page.keyboard.press('Enter');
    await other.getByRole('button', { name: 'Anna: rename or merge' }).waitFor();
    await page.getByRole('button', { name: 'Correct, 0:03' }).click();
    await page.getByRole('combobox', { name: 'Speaker' }).selectOption('2');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Speaker 2: rename or merge' }).waitFor();
    await other.getByRole('button', { name: 'Speaker 2: rename or merge' }).click();
    await other.getByLabel('Is the same as').selectOption({ label: 'Anna' });
    await page.getByRole('button', { name: 'Speaker 2: rename or merge' }).waitFor({ state: 'detached' });
    await rows(page).getByText('Typed elsewhere').waitFor();
    await other.close();

    await page.keyboard.press('Control+f');
    await page.getByRole('searchbox', { name: 'Find' }).fill('AGAIN');
    await page.getByText('1 of 11').waitFor();
    await page.getByRole('textbox', { name: 'Replace with' }).fill('once more');
    await page.getByRole('button', { name: 'Replace all' }).click();
    await page.getByText('11 lines changed').waitFor();
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByLabel('Format').selectOption('SRT');
    await assertAccessible(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save file' }).click(),
    ]);
    assert.match(await readFile(await download.path(), 'utf8'), /^1\r?\n00:00:00,000 --> [^\n]*\nAnna: Sentence null/u);
    await page.keyboard.press('Escape');
    await assertAccessible(page);

    // From here on without a mouse.
    const press = async (target: Locator, key = 'Enter') => {
      await target.waitFor();
      await tabTo(target);
      await page.keyboard.press(key);
    };
    await tabTo(page.getByRole('searchbox', { name: 'Search what was said' }));
    await page.keyboard.type('"sentence 7"');
    await page.keyboard.press('Enter');
    await press(page.getByRole('main').getByRole('link', { name: 'sentence 7' }));
    await page.waitForURL(/#\/jobs\/.*t=/u);
    await rows(page).getByText('sentence 7').waitFor();

    await press(page.getByRole('link', { name: 'Recordings' }));
    const more = page.getByRole('button', { name: 'More about jfk.flac' });
    await press(more);
    await press(page.getByRole('menuitem', { name: 'Delete' }));
    await press(page.getByRole('button', { name: 'Undo' }));
    await page.getByRole('link', { name: 'jfk.flac' }).waitFor();
    await press(more);
    await press(page.getByRole('menuitem', { name: 'Delete' }));
    await page.getByText('No recordings yet').waitFor();
    // Who leaves at once has deleted it, too.
    await page.goto('about:blank');
    await page.goto(url);
    await page.getByText('No recordings yet').waitFor();
    const lost = /ERR_CONNECTION_REFUSED|ERR_FAILED|WebSocket connection/u;
    assert.deepEqual(
      [visit.elsewhere.filter((each) => each !== 'about:blank'), visit.complaints.filter((each) => !lost.test(each))],
      [[], []],
    );
  },
);

test('who is to show a key signs in with it, and sees what the role may do', options, async () => {
  const [admin, reader, user] = [newCaller('alice'), newCaller('rita', 'READER'), newCaller('ulf', 'USER')];
  await using server = await openTestServer({ server: { apiKeys: [admin.key, reader.key, user.key] } });
  const address = server.url;
  await using visit = await openVisit(address, { ...phone, colorScheme: 'dark', locale: 'de-DE' });
  const page = await visit.context.newPage();
  await page.goto(address);
  await page.getByLabel('API-Schlüssel').waitFor();
  await assertAccessible(page);
  const signIn = async (token: string) => {
    await page.getByLabel('API-Schlüssel').fill(token);
    await page.getByRole('button', { name: 'Anmelden' }).click();
  };
  await signIn('phg_wrong');
  await page.getByText('kennt diesen Schlüssel nicht').waitFor();
  for (const { token, adds, seesServer } of [
    { ...reader, adds: false, seesServer: false },
    { ...user, adds: true, seesServer: false },
    { ...admin, adds: true, seesServer: true },
  ]) {
    await signIn(token);
    await page.getByRole('heading', { name: 'Noch keine Aufnahmen' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Dateien wählen' }).isVisible(), adds);
    assert.equal(await page.getByRole('link', { name: 'Server' }).isVisible(), seesServer);
    assert.ok(!page.url().includes(token));
    assert.equal(await page.evaluate(() => localStorage.length), 0, 'kept with the tab alone');
    await page.reload();
    await page.getByRole('heading', { name: 'Noch keine Aufnahmen' }).waitFor();
    if (!seesServer) await page.getByRole('button', { name: 'Abmelden' }).click();
  }
  await page.getByRole('link', { name: 'Server' }).click();
  await page.getByText('server listening').waitFor();
  await page.getByRole('button', { name: 'Schlange anhalten' }).click();
  await page.getByText('Die Schlange ruht').waitFor();
  await assertAccessible(page);
  await keepScreenshot(page, 'web-server');
  assert.deepEqual(visit.elsewhere, []);
});

/** What a browser has to lay out stays the same, however long the list is. */
const mostRows = 200;

test('of thousands of recordings and segments the page draws those that can be seen', options, async () => {
  await using harness = await openProcessHarness('speaks');
  const data = join(harness.directory, 'data');
  await mkdir(data);
  await storeManyJobs(join(data, 'phonograph.db'), { jobs: 2000, segments: 5000 });
  const url = await harness.start().url;
  await using visit = await openVisit(url, desktop);
  const page = await visit.context.newPage();
  await page.goto(url);
  const newest = page.getByRole('link', { name: 'Interview 0001999' });
  await newest.waitFor();
  await assertAccessible(page);
  const oldest = page.getByRole('link', { name: 'Zebra 0000000' });
  while (!(await oldest.isVisible())) {
    await page.evaluate(() => {
      (globalThis as any).scrollTo(0, (document as any).body.scrollHeight);
      return new Promise((resolve) => (globalThis as any).requestAnimationFrame(resolve));
    });
    assert.ok((await page.locator('.jobs > li').count()) <= mostRows);
  }
  await page.goto(`${url}/#/jobs/${idOf(1999)}?t=4321`);
  await rows(page).getByText('segment 4321', { exact: true }).waitFor();
  assert.ok((await rows(page).count()) <= mostRows);
  // A later job comes to the front by itself.
  await page.goto(`${url}/#/`);
  await newest.waitFor();
  await submitTo(url, { title: 'Only now' });
  await page.getByRole('link', { name: 'Only now' }).waitFor();
  assert.deepEqual(visit.complaints, []);
  // With the first API key nobody gets in without one, and who has made it stays.
  await page.goto(`${url}/#/server`);
  await page.getByLabel('Name', { exact: true }).fill('me');
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByText('shown this once').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  assert.deepEqual(visit.elsewhere, []);
});
