/** Opens a page of the examples in a document without a browser, and prints each line of its transcript when it appears: page.ts FILE URL. A program of its own: React looks for a document once. */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { EventSource } from 'eventsource';
import { JSDOM } from 'jsdom';

const [file = '', url = ''] = process.argv.slice(2);
const isHtml = file.endsWith('.html');
const html = isHtml ? await readFile(file, 'utf8') : '<!doctype html>';
const { window } = new JSDOM(html, { url });
const { document, location, navigator, MutationObserver, HTMLElement, Node } = window;
for (const [name, value] of Object.entries({ window, document, location, navigator, HTMLElement, Node, EventSource })) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

// A page stays open, though nothing but a timer for the next connection were left of it.
setInterval(() => {}, 60_000);

new MutationObserver((records) => {
  const added = records.flatMap(({ addedNodes }) => [...addedNodes].filter((node) => node instanceof HTMLElement));
  for (const node of added) {
    const items = node.matches('li') ? [node] : [...node.querySelectorAll('li')];
    for (const item of items) process.stdout.write(`${item.getAttribute('value')}\t${item.textContent}\n`);
  }
  const status = document.querySelector('[role=status]')?.textContent;
  if (status === 'COMPLETED') process.stdout.write('', () => process.exit(0));
  const problem = document.querySelector('[role=alert]')?.textContent;
  if (problem) throw new Error(problem);
}).observe(document, { childList: true, subtree: true, characterData: true });

// jsdom runs no modules.
const code = isHtml
  ? `data:text/javascript,${encodeURIComponent(document.querySelector('script')?.textContent ?? '')}`
  : pathToFileURL(file).href;
await import(code);
