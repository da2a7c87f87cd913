import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { createHash } from 'node:crypto';
import { answerError } from '../answer.ts';
import type { FileRequest } from '../file-response.ts';
import { firstSteps, noJob } from './first-steps.ts';
import { answerPage, type StoredPage, storePage } from './stored-page.ts';

interface Page {
  readonly stored: StoredPage;
  readonly policy: string;
}

let page: Promise<Page> | null = null;

async function renderPage(): Promise<Page> {
  const rendered = renderGraphiQL({
    title: 'Phonograph',
    defaultTabs: [...firstSteps],
    // Over SSE what stands in the header editor goes with subscriptions too; the page sends none with a WebSocket.
    subscriptionsProtocol: 'SSE',
  });
  const [before = '', after, ...more] = rendered.split('YogaGraphiQL.renderYogaGraphiQL(');
  if (after === undefined || more.length > 0) throw new Error('GraphiQL is not begun where it was.');
  const html = `${before}(${beginWithNewestJob})(${after}`.replace('</head>', () => `${forPhones}</head>`);
  return { stored: await storePage(Buffer.from(html)), policy: policyOf(html) };
}

/** Names the newest job in the variables that name none yet, in tabs that are opened now and in those of an earlier visit. Who may not ask has none. */
const beginWithNewestJob = `async (root, options) => {
  const ask = { query: '{ jobs(first: 1) { edges { node { id } } } }' };
  const headers = { 'content-type': 'application/json' };
  const newest = await fetch(location.pathname, { method: 'POST', headers, body: JSON.stringify(ask) })
    .then((answer) => answer.json())
    .then(({ data }) => data.jobs.edges[0].node.id)
    .catch(() => null);
  const [none, some] = [${JSON.stringify(noJob)}, JSON.stringify({ id: newest })];
  if (newest !== null) {
    for (const tab of options.defaultTabs) if (tab.variables === none) tab.variables = some;
    const tabs = localStorage.getItem('graphiql:tabState');
    if (tabs !== null) localStorage.setItem('graphiql:tabState', tabs.replace(JSON.stringify(none), () => JSON.stringify(some)));
  }
  YogaGraphiQL.renderYogaGraphiQL(root, options);
}`;

/** On less than the width of a tablet its columns become rows. */
const forPhones = `<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  @media (max-width: 760px) {
    .graphiql-container { flex-direction: column-reverse; }
    .graphiql-container .graphiql-sidebar { flex-direction: row; width: auto; }
    .graphiql-container .graphiql-sidebar > button { margin-top: 0 !important; }
    .graphiql-container .graphiql-main { flex-direction: column; min-height: 0; min-width: 0; }
    .graphiql-container .graphiql-sessions { margin: 8px; min-height: 0; }
    .graphiql-container .graphiql-logo, .graphiql-container .graphiql-horizontal-drag-bar { display: none; }
    .graphiql-container .graphiql-tabs { overflow-x: auto; }
    .graphiql-container #graphiql-session { flex-direction: column; }
  }
</style>`;

/** What the page may do: run its own scripts, told by their hashes, and ask this server. Its editor makes styles, and workers of its own text. */
function policyOf(html: string): string {
  const scripts = [...html.matchAll(/<script>(?<text>[\s\S]*?)<\/script>/gu)].map(
    ({ groups }) => groups?.['text'] ?? '',
  );
  const hashes = scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    "style-src 'unsafe-inline'",
    'font-src data:',
    'img-src data:',
    'worker-src blob: data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The page needs no API key, since it holds nothing of the server's; its operations need one, in its header editor. */
export async function answerGraphiql(asked: FileRequest): Promise<void> {
  if (!asked.context.config.server.graphiql) {
    answerError(asked.response, 404, { code: 'NOT_FOUND', message: 'GraphiQL is switched off; the API is here.' });
    return;
  }
  const { stored, policy } = await (page ??= renderPage());
  answerPage(asked, stored, { type: 'text/html; charset=utf-8', policy });
}
