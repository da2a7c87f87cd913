import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCollector } from '../collector.ts';
import { eventsOf } from '../follow.ts';
import { openProcessHarness, type ProcessHarness } from '../process.ts';
import { ask } from '../server.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const callerSpan = 'b7ad6b7169203331';

async function stop({ child, ended }: ReturnType<ProcessHarness['start']>): Promise<void> {
  child.kill('SIGTERM');
  assert.deepEqual(await ended, { code: 0, stderr: '' });
}

test('the spans of a job hang together from its request to its batches, also where a server is killed in between', async () => {
  await using collector = await openCollector();
  await using harness = await openProcessHarness('twelve-batches');
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '20' };
  const first = harness.start(environment);
  const query =
    'mutation NameOfAClient($input: TranscribeInput!) { transcribe(input: $input) { ... on TranscribeSuccess { job { id } } } }';
  const variables = { input: { media: { path: 'speech.wav' }, title: 'Title of a client' } };
  const traceparent = `00-${traceId}-${callerSpan}-01`;
  const { data } = await ask(await first.url, JSON.stringify({ query, variables }), { traceparent });
  const { id } = data.transcribe.job;
  await collector.until(({ name, traceId: of }) => name === 'batch' && of === traceId);
  first.child.kill('SIGKILL');
  await first.ended;
  const second = harness.start(environment);
  assert.equal((await eventsOf(await second.url, id)).at(-1)?.status, 'COMPLETED');
  const attempt = await collector.until(({ attributes }) => Number(attributes['attempt.number']) === 2);
  await stop(second);

  const chain = [attempt];
  for (let span = attempt; span.parentSpanId !== callerSpan && chain.length < 9; chain.push(span)) {
    const above = collector.spans.find(({ spanId }) => spanId === span.parentSpanId);
    assert.ok(above !== undefined, `${span.name} belongs to nothing`);
    span = above;
  }
  const names = chain.map(({ name }) => name);
  assert.deepEqual(names, ['attempt', 'job', 'mutation transcribe', 'POST /graphql']);
  assert.ok(chain.every((span) => span.traceId === traceId && span.service === 'phonograph'));
  assert.deepEqual([attempt.attributes['job.id'], attempt.attributes['attempt.outcome']], [id, 'COMPLETED']);
  const batches = collector.spans.filter(({ parentSpanId }) => parentSpanId === attempt.spanId);
  assert.ok(batches.length > 0 && batches.every(({ name }) => name === 'batch'));
  const watched = collector.spans.filter(({ name }) => /health|ready|metrics/u.test(name));
  assert.deepEqual(watched, []);
  for (const text of collector.texts) assert.doesNotMatch(text, /sentence|a client|OfAClient|speech\.wav/u);
});

test("nothing of OpenTelemetry's SDK is loaded where nobody asks for traces", async () => {
  await using harness = await openProcessHarness('speaks');
  const [hook, list] = [join(harness.directory, 'hook.mjs'), join(harness.directory, 'loaded.txt')];
  await writeFile(list, '');
  await writeFile(
    hook,
    `import { appendFileSync } from 'node:fs';
    import { registerHooks } from 'node:module';
    const tell = (url) => url.includes('/@opentelemetry/') && appendFileSync(${JSON.stringify(list)}, url + '\\n');
    registerHooks({ load: (url, context, next) => (tell(url), next(url, context)) });`,
  );
  const loadedWith = async (environment: Readonly<Record<string, string>>) => {
    await writeFile(list, '');
    const server = harness.start({ NODE_OPTIONS: `--import ${hook}`, ...environment });
    await server.url;
    await stop(server);
    const packages = [...(await readFile(list, 'utf8')).matchAll(/\/@opentelemetry\/(?<name>[\w-]+)/gu)];
    return new Set(packages.map(({ groups }) => groups?.['name']));
  };
  // What counts for Prometheus links its samples to spans.
  assert.deepEqual(await loadedWith({}), new Set(['api']));
  const all = await loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  assert.ok(all.has('sdk-trace') && all.has('exporter-trace-otlp-http'));
});

test('where spans are refused, jobs run as ever, and the log tells', async () => {
  const refusing = createServer((_, response) => response.writeHead(400).end()).listen(0, '127.0.0.1');
  await once(refusing, 'listening');
  await using harness = await openProcessHarness('speaks');
  const { port } = refusing.address() as AddressInfo;
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: '20' };
  const server = harness.start(environment);
  const url = await server.url;
  const told = server.said('spans not sent');
  const query =
    'mutation { transcribe(input: { media: { path: "speech.wav" } }) { ... on TranscribeSuccess { job { id } } } }';
  const { data } = await ask(url, JSON.stringify({ query }));
  assert.equal((await eventsOf(url, data.transcribe.job.id)).at(-1)?.status, 'COMPLETED');
  await told;
  await stop(server);
  refusing.close();
  refusing.closeAllConnections();
});
