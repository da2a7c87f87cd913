import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import mime from 'mime';
import { answerError } from '../answer.ts';
import type { FileRequest } from '../file-response.ts';
import { answerPage, type StoredPage, storePage } from './stored-page.ts';

/** Where the set-up has built clients/web. */
const folder = join(import.meta.dirname, '../../../.tools/web');

/** What the page may do: run and show what this server has, and ask this server. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Of what has the hash of its content in its name. */
const forGood = 'public, max-age=31536000, immutable';

let files: Promise<ReadonlyMap<string, StoredPage>> | null = null;

/** Everything at once, and kept: a page and its scripts fit together, also where the set-up builds another meanwhile. */
async function readAll(): Promise<ReadonlyMap<string, StoredPage>> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const stored = names.map(async (name) => [name, await storePage(await readFile(join(folder, name)))] as const);
  return new Map(await Promise.all(stored));
}

/** The page for people at /, and under /web/ what it loads. It needs no API key, since it holds nothing of the server's; what it asks does. */
export async function answerWebPage(asked: FileRequest): Promise<void> {
  const path = asked.request.url?.split('?', 1)[0] ?? '/';
  const name = path === '/' ? 'index.html' : path.slice('/web/'.length);
  const page = (await allFiles()).get(name);
  if (page === undefined) {
    const message =
      name === 'index.html'
        ? 'The web page is not built: npm run setup builds it. The API is at /graphql.'
        : 'The web page has no such file.';
    return answerError(asked.response, 404, { code: 'NOT_FOUND', message });
  }
  const type = name.endsWith('.html') ? 'text/html; charset=utf-8' : (mime.getType(name) ?? 'application/octet-stream');
  const isHashed = /-[A-Z0-9]{8}\.\w+$/u.test(name);
  answerPage(asked, page, { type, policy, ...(isHashed ? { cacheControl: forGood } : {}) });
}

async function allFiles(): Promise<ReadonlyMap<string, StoredPage>> {
  try {
    return await (files ??= readAll());
  } catch {
    // Not there, or not whole: the next request looks again.
    files = null;
    return new Map();
  }
}
