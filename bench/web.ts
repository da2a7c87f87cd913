// How fast the web page is with 2,000 jobs and a transcript of 5,000 segments: npm run bench:web. Prints until what is first seen, what a click takes, how
// long the longest task of the page was while a list is scrolled through and a transcript is corrected, and how many rows are drawn. Fails where a task took
// 50 ms or longer.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { desktop, openVisit, skipWithoutBrowser } from '#src/testing/chromium.ts';
import { idOf, storeManyJobs } from '#src/testing/many-jobs.ts';
import { openProcessHarness } from '#src/testing/process.ts';

async function main(): Promise<void> {
  if (skipWithoutBrowser !== false) throw new Error(skipWithoutBrowser);
  await using harness = await openProcessHarness('speaks');
  const data = join(harness.directory, 'data');
  await mkdir(data);
  await storeManyJobs(join(data, 'phonograph.db'), { jobs: 2000, segments: 5000 });
  const url = await harness.start().url;
  await using visit = await openVisit(url, desktop);
  const page = await visit.context.newPage();
  for (const visited of ['first', 'again']) {
    const began = performance.now();
    await page.goto(url);
    await page.getByRole('link', { name: 'Interview 0001999' }).waitFor();
    tell(
      `the list, ${visited} visit: ${Math.round(performance.now() - began)} ms, first content after ${await firstContentMs(page)} ms`,
    );
  }
  await judge(page, 'the list scrolled', () => scroll(page));
  const clicked = performance.now();
  await page.goto(`${url}/#/jobs/${idOf(1999)}`);
  await page.getByText('segment 3', { exact: true }).waitFor();
  tell(`from the list to a transcript: ${Math.round(performance.now() - clicked)} ms`);
  await judge(page, 'the transcript scrolled', () => scroll(page));
  await judge(page, 'ten of its lines corrected and taken back', () => correct(page));
}

/** What people do not notice. */
const mostMs = 50;

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time in microseconds. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Tells the longest task of the page's own thread meanwhile, in processor time, since others may be at work on this machine, and fails above 50 ms. */
async function judge(page: Page, what: string, act: () => Promise<void>): Promise<void> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('There is no browser.');
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'] });
  await act();
  const { traceEvents }: { readonly traceEvents: readonly TraceEvent[] } = JSON.parse(
    (await browser.stopTracing()).toString(),
  );
  const ofPages = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = traceEvents.filter(({ name, pid, tid }) => name.endsWith('RunTask') && ofPages.has(`${pid} ${tid}`));
  if (tasks.length === 0) throw new Error('The trace has no tasks.');
  const longest = Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
  const rows = await page.locator('main li').count();
  tell(`${what}: ${tasks.length} tasks, the longest ${longest.toFixed(0)} ms, ${rows} rows drawn`);
  if (longest > mostMs) process.exitCode = 1;
}

const wheelPixels = 1500;

async function scroll(page: Page): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) {
    await page.mouse.wheel(0, wheelPixels);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
}

/** Types in lines of the transcript, while they are saved, and takes all of it back. */
async function correct(page: Page): Promise<void> {
  const first = page.getByRole('button', { name: /^Correct/u }).first();
  await first.click();
  for (let line = 0; line < 10; line += 1) {
    await page.keyboard.type('so it was said ', { delay: 20 });
    await page.keyboard.press('Enter');
  }
  await page.keyboard.press('Escape');
  for (let line = 0; line < 10; line += 1) await page.keyboard.press('Control+z');
  await page.getByText(/^(?:Not saved yet|Saving)/u).waitFor({ state: 'detached' });
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
