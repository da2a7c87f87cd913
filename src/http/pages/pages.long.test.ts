import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { desktop, keepScreenshot, openVisit, phone, skipWithoutBrowser } from '#src/testing/chromium.ts';
import { openTestServer, submit } from '#src/testing/server.ts';

const openTab = (page: Page, name: string) =>
  page
    .getByRole('tab', { name })
    .or(page.getByRole('button', { name, exact: true }))
    .first()
    .click();
const run = (page: Page) => page.locator('.graphiql-execute-button').click();
/** Waits until the answer, as it stands there, has a text. */
const shows = (page: Page, text: string) => page.locator('.result-window').getByText(text).first().waitFor();

test(
  'GraphiQL shows live text at once, follows the newest job, and asks nobody but the server',
  { skip: skipWithoutBrowser },
  async () => {
    await using server = await openTestServer({ engine: 'waits' });
    await using visit = await openVisit(server.url, desktop);
    const page = await visit.context.newPage();
    await page.goto(`${server.url}/#/server`);
    await page.getByRole('link', { name: 'GraphiQL' }).click();
    await run(page);
    const id = await submit(server);
    await shows(page, 'one two');
    await shows(page, '"WORKING"');
    await keepScreenshot(page, 'graphiql');
    // It was opened before there was a job.
    await page.reload();
    await openTab(page, 'Follow');
    await page.locator('.graphiql-editor-tool').getByText(id).waitFor();
    await run(page);
    await shows(page, '"seq"');
    await openTab(page, 'Overview');
    await page.locator('.graphiql-query-editor .view-line').getByText('totalCount').waitFor();
    const [widest, room] = await page
      .locator('.graphiql-query-editor')
      .evaluate((editor) => [
        Math.max(
          ...Array.from(editor.querySelectorAll('.view-line > span'), (line) => line.getBoundingClientRect().width),
        ),
        editor.querySelector('.editor-scrollable')?.getBoundingClientRect().width ?? 0,
      ]);
    assert.ok(widest !== undefined && room !== undefined && widest > 0 && widest <= room, `${widest} of ${room} px`);
    await run(page);
    await shows(page, '"totalCount"');
    assert.deepEqual(visit.elsewhere, []);
    assert.deepEqual(visit.complaints, []);
  },
);

test('on a phone an operation of GraphiQL and its answer are seen together', { skip: skipWithoutBrowser }, async () => {
  await using server = await openTestServer({ engine: 'waits' });
  await using visit = await openVisit(server.url, phone);
  const page = await visit.context.newPage();
  await page.goto(`${server.url}/graphql`);
  await run(page);
  await submit(server);
  await shows(page, 'one two');
  await keepScreenshot(page, 'graphiql-phone');
  const boxes = await Promise.all(
    ['.graphiql-query-editor', '.result-window'].map((place) => page.locator(place).boundingBox()),
  );
  for (const box of boxes) {
    assert.ok(box !== null && box.x >= 0 && box.x + box.width <= phone.viewport.width, JSON.stringify(box));
    assert.ok(box.y >= 0 && box.y + box.height <= phone.viewport.height && box.height > 150, JSON.stringify(box));
  }
  assert.deepEqual([...visit.elsewhere, ...visit.complaints], []);
});
