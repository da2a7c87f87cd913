import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { desktop, openVisit, skipWithoutBrowser } from '#src/testing/chromium.ts';
import { idOf, storeManyJobs } from '#src/testing/many-jobs.ts';
import { openProcessHarness } from '#src/testing/process.ts';

/**
 * How fast the web page is with 2,000 jobs and a transcript of 5,000 segments: `npm run bench:web`. Prints until what is first seen, what a click takes, how
 * long the longest task of the page was while a list is scrolled through, and how many rows are drawn.
 */
async function main(): Promise<void> {
  if (skipWithoutBrowser !== false) throw new Error(skipWithoutBrowser);
  await using harness = await openProcessHarness('speaks');
  const data = join(harness.directory, 'data');
  await mkdir(data);
  await storeManyJobs(join(data, 'phonograph.db'), { jobs: 2000, segments: 5000 });
  const url = await harness.start().url;
  await using visit = await openVisit(url, desktop);
  const page = await visit.context.newPage();
  const tasks: number[] = [];
  await page.exposeFunction('tellTask', (ms: number) => tasks.push(Math.round(ms)));
  await page.addInitScript(watchTasks);
  for (const visited of ['first', 'again']) {
    const began = performance.now();
    await page.goto(url);
    await page.getByRole('link', { name: 'Interview 0001999' }).waitFor();
    tell(
      `the list, ${visited} visit: ${Math.round(performance.now() - began)} ms, first content after ${await firstContentMs(page)} ms`,
    );
  }
  await scroll(page, 'the list', tasks);
  const clicked = performance.now();
  await page.goto(`${url}/#/jobs/${idOf(1999)}`);
  await page.getByText('segment 3', { exact: true }).waitFor();
  tell(`from the list to a transcript: ${Math.round(performance.now() - clicked)} ms`);
  await scroll(page, 'the transcript', tasks);
}

const wheelPixels = 1500;

async function scroll(page: Page, name: string, tasks: number[]): Promise<void> {
  tasks.length = 0;
  for (let turn = 0; turn < 60; turn += 1) {
    await page.mouse.wheel(0, wheelPixels);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
  const longest = Math.max(0, ...tasks);
  const rows = await page.locator('main li').count();
  tell(
    `${name} scrolled by ${60 * wheelPixels} pixels: longest task ${longest === 0 ? 'under 50' : longest} ms, ${rows} rows drawn`,
  );
}

/** Browsers tell of tasks of 50 ms and more. */
function watchTasks(): void {
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) Reflect.get(globalThis, 'tellTask')(duration);
  }).observe({ type: 'longtask', buffered: true });
}

async function firstContentMs(page: Page): Promise<number> {
  return page.evaluate(() => {
    const [entry] = performance.getEntriesByName('first-contentful-paint');
    return Math.round(entry?.startTime ?? Number.NaN);
  });
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
