import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { newCaller } from '#src/testing/caller.ts';
import { eventsOf, wsClient } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';

/** One metric as Prometheus' own parser for Python gives it; a counter without its "_total". */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const python = join(import.meta.dirname, '../../../.venv/bin/python');

/** What stands on stdin, as JSON, which has no +Inf and NaN. Throws where a line is none of the format. */
const parser = `
import json, math, sys
from prometheus_client.parser import text_fd_to_metric_families
def sample(s): return {"name": s.name, "labels": s.labels, "value": s.value if math.isfinite(s.value) else None}
families = text_fd_to_metric_families(sys.stdin)
print(json.dumps([{"name": f.name, "help": f.documentation, "type": f.type, "samples": [sample(s) for s in f.samples]} for f in families]))
`;

async function read({ url }: Pick<TestServer, 'url'> = server): Promise<readonly Family[]> {
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/u);
  const { stdout } = await execa(python, ['-c', parser], { input: await response.text() });
  return JSON.parse(stdout);
}

const token = 'a-token-for-metrics-alone';

let server: TestServer;
before(async () => {
  server = await openTestServer({ server: { metricsToken: token } });
});
after(() => server[Symbol.asyncDispose]());

/** The value of the one sample with this name and these labels; 0 where there is none. */
function valueOf(families: readonly Family[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = families
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === `phonograph_${name}`)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
  assert.ok(found.length <= 1, `${name} has ${found.length} samples with ${JSON.stringify(labels)}`);
  return found[0]?.value ?? 0;
}

/** The values of a label, each once. */
function labelsOf(families: readonly Family[], name: string, label: string): ReadonlySet<string | undefined> {
  const { samples = [] } = families.find((each) => each.name === `phonograph_${name}`) ?? {};
  return new Set(samples.map(({ labels }) => labels[label]));
}

/** The metrics, once one of them is as it is to be: they are read at most once a second. */
async function untilValue(wanted: number, ...[name, labels]: readonly [string, Record<string, string>?]) {
  for (;;) {
    const families = await read();
    if (valueOf(families, name, labels) === wanted) return families;
    await sleep(50);
  }
}

test('a job that ran is told by mode: its wait, its first segment, how long it took, for how much audio', async () => {
  const id = await submit(server);
  await eventsOf(server.url, id);
  const mode = 'COMPACT';
  const families = await untilValue(1, 'attempt_duration_seconds_count', { mode, outcome: 'COMPLETED' });
  assert.equal(valueOf(families, 'jobs', { status: 'COMPLETED' }), 1);
  assert.equal(valueOf(families, 'jobs', { status: 'QUEUED' }), 0);
  for (const each of ['job_wait_seconds', 'first_segment_seconds', 'attempt_real_time_ratio']) {
    assert.equal(valueOf(families, `${each}_count`, { mode }), 1, each);
  }
  const { data } = await server.ask(`{ job(id: "${id}") { media { durationSeconds } } }`);
  assert.equal(valueOf(families, 'audio_seconds_total', { mode }), data.job.media.durationSeconds);
  assert.equal(valueOf(families, 'slots'), 1);
  assert.ok(valueOf(families, 'disk_free_bytes') > 0);
  assert.equal(valueOf(families, 'info'), 1);
});

test('an engine that fails is told by the code of its failure', async () => {
  await using failing = await openTestServer({ engine: 'refuses' });
  await eventsOf(failing.url, await submit(failing));
  const families = await read(failing);
  const { data } = await failing.ask('{ jobs(first: 1) { edges { node { failure { code } } } } }');
  const { code } = data.jobs.edges[0].node.failure;
  assert.equal(valueOf(families, 'attempt_failures_total', { code }), 1);
  assert.equal(valueOf(families, 'attempt_duration_seconds_count', { outcome: 'FAILED' }), 1);
});

test('who follows is counted as long as he does, on every transport', async () => {
  const id = await submit(server);
  const client = wsClient(server.url);
  const leave = client.subscribe(
    { query: 'subscription { jobChanged { id } }' },
    { next() {}, error() {}, complete() {} },
  );
  await untilValue(1, 'subscriptions', { field: 'jobChanged' });
  leave();
  await untilValue(0, 'subscriptions', { field: 'jobChanged' });
  await client.dispose();
  const response = await fetch(`${server.url}/jobs/${id}/events`);
  await response.text();
  const families = await untilValue(0, 'subscriptions', { field: 'jobEvents' });
  const routes = labelsOf(families, 'http_request_duration_seconds', 'route');
  assert.ok(routes.size > 0 && !routes.has('/jobs/'), 'an event stream is no request');
});

test('labels are of the server, whatever clients call their operations, paths and methods', async () => {
  const earlier = valueOf(await read(), 'graphql_operation_duration_seconds_count', { field: 'viewer', outcome: 'ok' });
  for (let index = 0; index < 20; index += 1) {
    await server.ask(`query Name${index} { alias${index}: viewer { name } }`);
    await fetch(`${server.url}/path${index}`);
  }
  for (const method of ['PUT', 'PROPFIND', 'LOCK']) await fetch(`${server.url}/graphql`, { method });
  await server.ask('{ viewer { name } models { id } }');
  await server.ask('{ __typename }');
  await server.ask('mutation { cancel(id: "nobody") { __typename } }');
  const families = await untilValue(earlier + 20, 'graphql_operation_duration_seconds_count', { field: 'viewer' });
  const fields = labelsOf(families, 'graphql_operation_duration_seconds', 'field');
  for (const field of ['several', 'other', 'cancel']) assert.ok(fields.has(field), field);
  const methods = labelsOf(families, 'http_request_duration_seconds', 'method');
  assert.deepEqual(methods, new Set(['POST', 'GET', 'other']));
  const routes = labelsOf(families, 'http_request_duration_seconds', 'route');
  assert.ok([...routes].every((route) => route?.startsWith('/path') === false));
});

test('metrics are for who may oversee the server, and for who shows metricsToken, which opens nothing else', async () => {
  const callers = (['ADMIN', 'USER', 'READER'] as const).map((role) => newCaller(role.toLowerCase(), role));
  const apiKeys = callers.map(({ key }) => key);
  await using guarded = await openTestServer({ server: { apiKeys, metricsToken: token } });
  const statusOf = async (headers: Record<string, string>, path = '/metrics', method = 'GET') => {
    const response = await fetch(guarded.url + path, { headers, method });
    await response.arrayBuffer();
    return response.status;
  };
  assert.deepEqual(await Promise.all(callers.map(({ headers }) => statusOf(headers))), [200, 403, 200]);
  const headers = { authorization: `Bearer ${token}` };
  assert.equal(await statusOf(headers), 200);
  assert.equal(await statusOf(headers, '/metrics', 'HEAD'), 200);
  assert.equal(await statusOf(headers, '/metrics', 'POST'), 405);
  for (const path of ['/metrics/', '/graphql?query={viewer{name}}', '/jobs/x/media', '/']) {
    assert.equal(await statusOf(headers, path), 401, path);
  }
  assert.equal(await statusOf({}), 401);
  assert.equal(await statusOf({ authorization: `Bearer ${token}x` }), 401);
});

test('the dashboard asks for metrics that there are, and the page tells of each', async () => {
  const families = await read();
  const known = new Map(families.map(({ name, type }) => [type === 'counter' ? `${name}_total` : name, type]));
  const isKnown = (name: string) => {
    const base = name.replace(/_(?:bucket|sum|count)$/u, '');
    return base === name ? known.has(name) && known.get(name) !== 'histogram' : known.get(base) === 'histogram';
  };
  const folder = join(import.meta.dirname, '../../../docs');
  const dashboard = readFileSync(join(folder, 'grafana-dashboard.json'), 'utf8');
  const queries: string[] = [];
  JSON.parse(dashboard, (key, value: unknown) => {
    if (key === 'expr' && typeof value === 'string') queries.push(value);
    return value;
  });
  assert.ok(queries.length > 25);
  const asked = queries.flatMap((query) => query.match(/\b(?:phonograph|process|nodejs)_\w+/gu) ?? []);
  assert.ok(asked.length >= queries.length);
  assert.deepEqual(
    asked.filter((name) => !isKnown(name)),
    [],
  );
  const page = readFileSync(join(folder, 'metrics.md'), 'utf8');
  const told = new Set(page.match(/phonograph_\w+/gu));
  const own = [...known.keys()].filter((name) => name.startsWith('phonograph_'));
  assert.deepEqual([...told].toSorted(), own.toSorted(), 'docs/metrics.md has every metric, and no other');
});
