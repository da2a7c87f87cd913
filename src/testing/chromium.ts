import assert from 'node:assert/strict';
import { join } from 'node:path';
import axe from 'axe-core';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { debianProgram } from './debian.ts';

const { path: executablePath, skip } = await debianProgram('chromium', [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
]);

/** Why a test that needs a browser is skipped, with what installs one; false where there is one. */
export const skipWithoutBrowser = skip;

/** What is not of this machine goes to a proxy that is not there. */
const noRoute = { server: 'http://127.0.0.1:9', bypass: '127.0.0.1' };

/** Starts a browser that reaches this machine alone, without the sandbox that root cannot have. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox'], proxy: noRoute });
}

export const desktop = { viewport: { width: 1280, height: 800 } };
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** A browser that remembers what it has asked for beyond the server, and what its pages complained of. */
export interface Visit extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly elsewhere: readonly string[];
  readonly complaints: readonly string[];
}

export async function openVisit(url: string, options: BrowserContextOptions): Promise<Visit> {
  const browser = await openBrowser();
  const context = await browser.newContext(options);
  const elsewhere: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${url}/`) && !asked.startsWith(`blob:${url}/`) && !asked.startsWith('data:'))
      elsewhere.push(asked);
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(error.error().message));
  return { context, elsewhere, complaints, [Symbol.asyncDispose]: () => browser.close() };
}

/** Goes to an element as somebody without a mouse does. Throws where a hundred steps do not lead there. */
export async function tabTo(target: Locator): Promise<void> {
  const isThere = () => target.evaluate((element: any) => element === element.ownerDocument.activeElement);
  for (let steps = 0; !(await isThere()); steps += 1) {
    assert.ok(steps < 100, `${String(target)} is not reached by the Tab key`);
    await target.page().keyboard.press('Tab');
  }
}

/** Throws where a page breaks a rule of WCAG 2.2, A or AA, as far as a program can tell (axe). */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await page.evaluate(
    async (values) => (await (globalThis as any).axe.run({ runOnly: { type: 'tag', values } })).violations,
    tags,
  );
  const told = found.map(({ id, nodes }: any) => ({ id, where: nodes.map(({ html }: any) => html.slice(0, 200)) }));
  assert.deepEqual(told, []);
}

/** Keeps what a page looks like, for whoever looks at the run of the tests. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(import.meta.dirname, '../../artifacts', `${name}.png`) });
}
