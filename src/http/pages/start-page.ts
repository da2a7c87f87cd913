import { createHash } from 'node:crypto';
import type { FileRequest } from '../file-response.ts';

const style = `
  body { font: 17px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 10vh auto; padding: 0 1rem; }
  :root { color-scheme: light dark; }
  li { margin: 0.4rem 0; }
`;

const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What a person finds who opens the address of the server. It tells nothing that needs an API key, and is the same under the path of a proxy. */
export function answerStartPage({ response, context }: FileRequest): void {
  const graphiql = context.config.server.graphiql
    ? '<li><a href="graphql">GraphiQL</a>: try the API, with first operations ready to run</li>'
    : '';
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Phonograph</title>
<style>${style}</style>
<h1>Phonograph</h1>
<p>This server turns recordings into text. Programs talk to it at <code>graphql</code> below this address.</p>
<ul>
${graphiql}
<li><a href="ready">Is it ready?</a></li>
</ul>
</html>
`;
  response.setHeader('content-security-policy', policy);
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html),
    'cache-control': 'no-cache',
  });
  response.end(html);
}
