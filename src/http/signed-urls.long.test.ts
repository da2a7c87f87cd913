import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { newCaller } from '#src/testing/caller.ts';
import { openBrowser, skipWithoutBrowser } from '#src/testing/chromium.ts';
import { ask, openTestServer } from '#src/testing/server.ts';

/** A page of another origin: plays, follows and loads what it is given, shows no key, and writes what came of it into itself. */
const pageOf = ({
  media,
  events,
  text,
}: Readonly<Record<'media' | 'events' | 'text', string>>) => `<!doctype html><body>
<audio id="audio" crossorigin preload="metadata"></audio>
<script>
  const tell = (name, value) => { document.body.dataset[name] = value; };
  const audio = document.getElementById('audio');
  audio.onloadedmetadata = () => { tell('seconds', audio.duration.toFixed(1)); };
  audio.onerror = () => tell('seconds', 'error ' + audio.error.message);
  audio.src = ${JSON.stringify(media)};
  const source = new EventSource(${JSON.stringify(events)});
  const seen = [];
  source.onmessage = ({ lastEventId, data }) => { seen.push(lastEventId + JSON.parse(data).__typename); tell('seen', seen.join(' ')); };
  source.addEventListener('complete', () => { source.close(); tell('complete', 'yes'); });
  fetch(${JSON.stringify(text)}).then((answer) => answer.text()).then((all) => tell('text', all.trim()));
</script>`;

test(
  'a page of an allowed origin plays, follows and loads by addresses alone, in a browser',
  { skip: skipWithoutBrowser },
  async () => {
    const alice = newCaller('alice');
    let html = '';
    const pages = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html)).listen(
      0,
      '127.0.0.1',
    );
    using stack = new DisposableStack();
    stack.defer(() => pages.close().closeAllConnections());
    await once(pages, 'listening');
    const { port } = pages.address() as { readonly port: number };
    const origin = `http://127.0.0.1:${port}`;
    await using server = await openTestServer({ server: { apiKeys: [alice.key], allowedOrigins: [origin] } });
    const tell = async (query: string) => (await ask(server.url, JSON.stringify({ query }), alice.headers)).data;
    const { job } = (
      await tell(
        'mutation { transcribe(input: { media: { path: "speech.wav" } }) { ... on TranscribeSuccess { job { id } } } }',
      )
    ).transcribe;
    let ended = { status: '', media: { url: '' }, eventsUrl: '', transcriptUrl: '' };
    while (ended.status !== 'COMPLETED')
      ended = (await tell(`{ job(id: "${job.id}") { status media { url } eventsUrl transcriptUrl } }`)).job;
    html = pageOf({
      media: server.url + ended.media.url,
      events: server.url + ended.eventsUrl,
      text: server.url + ended.transcriptUrl,
    });
    await using browser = await openBrowser();
    const page = await browser.newPage();
    await page.goto(origin);
    await page.locator('body[data-complete][data-text][data-seconds]').waitFor({ state: 'attached' });
    const told = await page.locator('body').evaluate((body) => Object.fromEntries(Object.entries(body.dataset)));
    assert.equal(told['complete'], 'yes');
    assert.match(told['seen'] ?? '', /^1JobStatusChanged 2JobStatusChanged 3[A-Z]/u);
    assert.match(told['text'] ?? '', /./u);
    assert.equal(told['seconds'], '11.0');
  },
);
