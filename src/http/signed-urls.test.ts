import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newCaller } from '#src/testing/caller.ts';
import { eventsOf } from '#src/testing/follow.ts';
import { ask, openTestServer, submit, type TestServer } from '#src/testing/server.ts';

const [alice, bob, root] = [newCaller('alice', 'USER'), newCaller('bob', 'USER'), newCaller('root')];

let server: TestServer;
let id: string;
before(async () => {
  const apiKeys = [alice, bob, root].map(({ key }) => key);
  server = await openTestServer({ server: { apiKeys, usersMayReadMediaRoots: true } });
  id = await submitAs(alice);
});
after(() => server[Symbol.asyncDispose]());

const told = (caller: typeof alice, query: string) => ask(server.url, JSON.stringify({ query }), caller.headers);

async function submitAs(caller: typeof alice): Promise<string> {
  const { data } = await told(
    caller,
    'mutation { transcribe(input: { media: { path: "speech.wav" } }) { ... on TranscribeSuccess { job { id } } } }',
  );
  return data.transcribe.job.id;
}

/** Addresses of a job as its caller is given them. */
async function urlsOf(caller: typeof alice, job: string) {
  const fields =
    'media { url } srt: transcriptUrl(format: SRT, maxLineWidth: 42) text: transcriptUrl eventsUrl later: eventsUrl(after: 2)';
  const { data } = await told(caller, `{ job(id: "${job}") { ${fields} } }`);
  const { media, srt, text, eventsUrl, later } = data.job;
  return { media: media.url, srt, text, events: eventsUrl, later } as Record<string, string>;
}

/** What a server-sent event stream tells, to its end. */
async function readEvents(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(server.url + url, { headers });
  const blocks = (await response.text()).split('\n\n').filter((block) => block !== '' && !block.startsWith(':'));
  const [first, ...events] = blocks.map((block) =>
    Object.fromEntries(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    ),
  );
  assert.deepEqual(first, { retry: '1000' }, 'a browser comes back after a second');
  return { status: response.status, type: response.headers.get('content-type'), events };
}

test('signed addresses work by themselves: a player seeks, a link downloads, an EventSource follows', async () => {
  const { media = '', srt = '', text = '', events = '', later = '' } = await urlsOf(alice, id);
  const seen = await readEvents(events);
  assert.match(seen.type ?? '', /^text\/event-stream/u);
  const numbered = seen.events.filter(({ id: number }) => number !== undefined);
  assert.deepEqual(
    numbered.map(({ id: number }) => Number(number)),
    numbered.map((_, at) => at + 1),
  );
  const last = JSON.parse(numbered.at(-1)?.['data'] ?? '');
  assert.deepEqual([last.__typename, last.status, last.seq], ['JobStatusChanged', 'COMPLETED', numbered.length]);
  const added = numbered.map(({ data }) => JSON.parse(data ?? '')).find(({ segments }) => segments !== undefined);
  assert.equal(typeof added.segments[0].text, 'string');
  assert.deepEqual(seen.events.at(-1), { event: 'complete', data: '{}' });
  const range = await fetch(server.url + media, { headers: { range: 'bytes=0-9' } });
  assert.deepEqual([range.status, (await range.arrayBuffer()).byteLength], [206, 10]);
  const subtitles = await fetch(server.url + srt);
  assert.match(await subtitles.text(), /-->/u);
  assert.match(subtitles.headers.get('content-disposition') ?? '', /attachment/u);
  assert.equal((await fetch(server.url + text)).status, 200);
  assert.deepEqual((await readEvents(later)).events, seen.events.slice(2));
  const resumed = await readEvents(later, { 'last-event-id': String(numbered.length - 1) });
  assert.deepEqual(resumed.events, seen.events.slice(-2));
  const done = await fetch(server.url + events, { headers: { 'last-event-id': String(numbered.length) } });
  assert.equal(done.status, 204, 'a browser does not come back after this');
});

test('an address is the same for hours, of each caller its own, and good for 12 to 18 hours', async () => {
  const [first, again, other] = [await urlsOf(alice, id), await urlsOf(alice, id), await urlsOf(root, id)];
  assert.deepEqual(again, first);
  assert.notDeepEqual(other, first);
  for (const url of Object.values(first)) {
    const hours = (Number(/expires=(?<at>\d+)/u.exec(url)?.groups?.['at']) * 1000 - Date.now()) / 3_600_000;
    assert.ok(hours > 12 && hours <= 18, `${hours} h`);
  }
});

test('an address that was changed in any place, has ended or is of somebody who may not is refused', async () => {
  const { media = '', srt = '' } = await urlsOf(alice, id);
  const other = await submitAs(bob);
  const forged = [
    media.replace(id, other),
    media.replace('/media', '/events'),
    media.replace(/expires=\d+/u, 'expires=99999999999'),
    media.replace(/key=[\w-]+/u, `key=${bob.key.id}`),
    media.replace(/signature=./u, (begin) => (begin.endsWith('_') ? 'signature=A' : 'signature=_')),
    media.slice(0, -1),
    `${media}&more=1`,
    srt.replace('maxLineWidth=42', 'maxLineWidth=43'),
    media.replace('/jobs/', '/graphql?'),
  ];
  for (const url of forged) assert.ok([401, 404].includes((await fetch(server.url + url)).status), url);
  assert.equal((await fetch(server.url + media, { headers: { authorization: 'Bearer wrong' } })).status, 401);
  assert.equal((await fetch(server.url + media, { method: 'POST' })).status, 405);
  const graphql = `/graphql?query={viewer{name}}${media.slice(media.indexOf('?')).replace('?', '&')}`;
  assert.equal((await fetch(server.url + graphql)).status, 401);
  const theirs = (await urlsOf(root, other))['media'] ?? '';
  assert.equal((await fetch(server.url + theirs)).status, 200, 'of an ADMIN');
});

test('an address ends with the key that it was made for', async () => {
  const made = await told(
    root,
    'mutation { createApiKey(input: { name: "brief", role: READER }) { ... on CreateApiKeySuccess { token apiKey { id } } } }',
  );
  const { token, apiKey } = made.data.createApiKey;
  const brief = { ...alice, token, headers: { authorization: `Bearer ${token}` } };
  const { media = '' } = await urlsOf(brief, id);
  assert.equal((await fetch(server.url + media)).status, 200);
  await told(root, `mutation { revokeApiKey(id: "${apiKey.id}") { __typename } }`);
  const refused = await fetch(server.url + media);
  assert.equal(refused.status, 401);
  assert.match(await refused.text(), /UNAUTHENTICATED.*/u);
});

test('where no keys are needed addresses are plain, and outlive a restart with keys where they are', async () => {
  await using open = await openTestServer();
  const job = await submit(open);
  await eventsOf(open.url, job);
  const { data } = await open.ask(
    `{ job(id: "${job}") { media { url } transcriptUrl(format: VTT, speakers: true) eventsUrl(after: 1) } }`,
  );
  assert.deepEqual(data.job, {
    media: { url: `/jobs/${job}/media` },
    transcriptUrl: `/jobs/${job}/transcript.vtt?speakers=true`,
    eventsUrl: `/jobs/${job}/events?after=1`,
  });
  assert.equal((await fetch(open.url + data.job.transcriptUrl)).status, 200);
  const earlier = await urlsOf(alice, id);
  await server.again();
  assert.deepEqual(await urlsOf(alice, id), earlier);
  assert.deepEqual(
    Buffer.from(await (await fetch(server.url + earlier['media'])).arrayBuffer()),
    await readFile(join(server.media, 'speech.wav')),
  );
});

test('wrong numbers and options of an event stream are told, and what cannot be is no address', async () => {
  await using open = await openTestServer();
  const job = await submit(open);
  const { length } = await eventsOf(open.url, job);
  const status = async (path: string, headers = {}) => (await fetch(`${open.url}/jobs/${path}`, { headers })).status;
  assert.equal(await status(`${job}/events?after=${length + 1}`), 400);
  assert.equal(await status(`${job}/events?after=-1`), 400);
  assert.equal(await status(`${job}/events?before=1`), 400);
  assert.equal(await status(`${job}/events`, { 'last-event-id': 'x' }), 400);
  assert.equal(await status('job_unknown/events'), 404);
  const { errors } = await open.ask(`{ job(id: "${job}") { transcriptUrl(maxLineWidth: 1) } }`);
  assert.equal(errors?.[0]?.extensions['code'], 'BAD_USER_INPUT');
});
