import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { debianProgram } from './debian.ts';

const { path: executablePath, skip } = await debianProgram('chromium', [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
]);

/** Why a test that needs a browser is skipped, with what installs one; false where there is one. */
export const skipWithoutBrowser = skip;

/** Starts a browser, without the sandbox that root cannot have. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** Keeps what a page looks like, for whoever looks at the run of the tests. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(import.meta.dirname, '../../artifacts', `${name}.png`) });
}
