import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '../errors.ts';
import { newToken, settingOf } from './api-key.ts';
import { readConfig, refuseWithoutKeys } from './config.ts';
import { newSecret } from './webhook-secret.ts';

const root = join(import.meta.dirname, '../..');

const aliceSetting = settingOf('alice', 'ADMIN', newToken());

/** The problems that a start would tell. */
function problemsOf(environment: NodeJS.ProcessEnv, from = root): readonly string[] {
  try {
    const config = readConfig(from, environment);
    if (config.server.apiKeys.length === 0) refuseWithoutKeys(config);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
}

test('config.json is whole, and its paths are made absolute', () => {
  const { server, transcription } = readConfig(root, {});
  assert.equal(server.listenHost, '127.0.0.1');
  assert.equal(server.dataDirectory, join(root, 'data'));
  assert.equal(server.engineCommand[0], join(root, '.venv/bin/python'));
  assert.equal(transcription.mode, 'COMPACT');
});

test('the environment goes before config.json', () => {
  const { server, transcription } = readConfig(root, {
    PHONOGRAPH_LISTEN_PORT: '5000',
    PHONOGRAPH_MEDIA_ROOTS: '/a:/b',
    PHONOGRAPH_ALLOWED_ORIGINS: 'https://a.example,https://b.example:8443',
    PHONOGRAPH_ENGINE_COMMAND: 'python3 -m engine',
    PHONOGRAPH_MODE: 'LOW_LATENCY',
    PHONOGRAPH_VAD: 'false',
    PHONOGRAPH_LANGUAGE: 'de',
    OTHER: 'x',
  });
  assert.equal(server.listenPort, 5000);
  assert.deepEqual(server.mediaRoots, [
    { configured: '/a', path: '/a' },
    { configured: '/b', path: '/b' },
  ]);
  assert.deepEqual(server.allowedOrigins, ['https://a.example', 'https://b.example:8443']);
  assert.deepEqual(server.engineCommand, ['python3', '-m', 'engine']);
  assert.deepEqual([transcription.mode, transcription.vad, transcription.language], ['LOW_LATENCY', false, 'de']);
});

test('the address of a database is checked, and a wrong one is not told again', () => {
  const address = 'postgresql://me:secret@db.example/phonograph';
  for (const url of [address, `${address}?sslmode=verify-full`, 'postgres://localhost/x?host=/run/postgresql'])
    assert.equal(readConfig(root, { PHONOGRAPH_DATABASE_URL: url }).server.databaseUrl, url);
  for (const url of [
    'mysql://me:secret@db.example/x',
    'postgresql://me:secret@db.example',
    `${address}?sslmode=maybe`,
  ]) {
    const [problem = '', ...more] = problemsOf({ PHONOGRAPH_DATABASE_URL: url });
    assert.match(problem, /^server\.databaseUrl \(PHONOGRAPH_DATABASE_URL\) must be an address/u);
    assert.doesNotMatch(problem, /secret/u);
    assert.deepEqual(more, []);
  }
});

test('all problems are told at once, each with its key', () => {
  const problems = problemsOf({
    PHONOGRAPH_LISTEN_PORT: 'high',
    PHONOGRAPH_MODE: 'FASTEST',
    PHONOGRAPH_NUM_JOBS: '99',
    PHONOGRAPH_LISTEN_PROT: '1',
  });
  for (const key of [
    /listenPort \(PHONOGRAPH_LISTEN_PORT\) must be/u,
    /mode.*HIGH_ACCURACY/u,
    /PHONOGRAPH_LISTEN_PROT/u,
  ]) {
    assert.ok(
      problems.some((problem) => key.test(problem)),
      String(key),
    );
  }
  assert.match(problemsOf({ PHONOGRAPH_NUM_JOBS: '99' })[0] ?? '', /numJobs.*maxNumJobs/u);
});

test('the variables of the Hugging Face hub are taken too, after those of our own', () => {
  const { server, hubToken } = readConfig(root, {
    HF_ENDPOINT: 'https://mirror.example/hub/',
    HF_HUB_OFFLINE: 'TRUE',
    HF_TOKEN: ' hf_secret\n',
  });
  assert.deepEqual(
    [server.hubEndpoint, server.hubOffline, hubToken],
    ['https://mirror.example/hub', true, 'hf_secret'],
  );
  const own = readConfig(root, { HF_HUB_OFFLINE: '1', HF_ENDPOINT: '', PHONOGRAPH_HUB_OFFLINE: 'false' });
  assert.deepEqual(
    [own.server.hubEndpoint, own.server.hubOffline, own.hubToken],
    ['https://huggingface.co', false, null],
  );
  for (const address of ['mirror', 'file:///models', 'https://user:hf_secret@mirror.example']) {
    const [problem = ''] = problemsOf({ HF_ENDPOINT: address });
    assert.match(problem, /hubEndpoint \(HF_ENDPOINT\) must/u, address);
  }
  const [told = '', ...others] = problemsOf({ HF_TOKEN: 'hf_sec ret' });
  assert.match(told, /^HF_TOKEN must be/u);
  assert.doesNotMatch([told, ...others].join(), /sec ret/u);
});

test('beyond loopback it listens with API keys, or where that is allowed on purpose', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.evil.example']) {
    const here = { PHONOGRAPH_LISTEN_HOST: host };
    assert.match(problemsOf(here)[0] ?? '', /listenHost.*API keys.*phonograph keys.*allowUnauthenticated/u, host);
    assert.deepEqual(problemsOf({ ...here, PHONOGRAPH_API_KEYS: aliceSetting }), []);
    assert.deepEqual(problemsOf({ ...here, PHONOGRAPH_ALLOW_UNAUTHENTICATED: 'true' }), []);
  }
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
    assert.deepEqual(problemsOf({ PHONOGRAPH_LISTEN_HOST: host }), [], host);
  }
});

test('API keys are read, in the environment between commas', () => {
  const { server } = readConfig(root, { PHONOGRAPH_API_KEYS: `${aliceSetting},bob:user:${'0'.repeat(64)}` });
  assert.deepEqual(
    server.apiKeys.map(({ name, role }) => [name, role]),
    [
      ['alice', 'ADMIN'],
      ['bob', 'USER'],
    ],
  );
  for (const wrong of ['alice', 'alice:admin:abc', aliceSetting.replace('admin', 'guest'), `al ${aliceSetting}`]) {
    const [problem = ''] = problemsOf({ PHONOGRAPH_API_KEYS: wrong });
    assert.match(problem, /apiKeys\.0 \(PHONOGRAPH_API_KEYS\) must be name:role:sha256.*admin/u);
    assert.doesNotMatch(problem, /[\da-f]{64}/u);
  }
});

test('any Host may call only where each needs an API key', () => {
  assert.match(problemsOf({ PHONOGRAPH_ALLOWED_HOSTS: '*' })[0] ?? '', /allowedHosts.*API keys/u);
  assert.deepEqual(problemsOf({ PHONOGRAPH_ALLOWED_HOSTS: '*', PHONOGRAPH_API_KEYS: aliceSetting }), []);
});

test('a file that is missing, no JSON, or has a key too many is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'phonograph-'));
  assert.match(problemsOf({}, folder)[0] ?? '', /ENOENT/u);
  await writeFile(join(folder, 'config.json'), '{ "server": ');
  assert.match(problemsOf({}, folder)[0] ?? '', /JSON/u);
  const { default: whole } = await import('#config.json', { with: { type: 'json' } });
  await writeFile(join(folder, 'other.json'), JSON.stringify({ ...whole, sever: {} }));
  await writeFile(join(folder, 'config.json'), JSON.stringify(whole));
  assert.match(problemsOf({ PHONOGRAPH_CONFIG: 'other.json' }, folder)[0] ?? '', /sever/u);
  await writeFile(
    join(folder, 'mine.json'),
    '{"server":{"listenPort":4733},"transcription":{"modes":{"COMPACT":{"model":"small"}}}}',
  );
  const { server, transcription } = readConfig(folder, { PHONOGRAPH_CONFIG: 'mine.json' });
  assert.deepEqual([server.listenPort, server.maxQueued], [4733, 10_000], 'what it does not say is as in config.json');
  assert.deepEqual([transcription.modes.COMPACT.model, transcription.modes.COMPACT.cpuBatchSize], ['small', 3]);
  await rm(folder, { recursive: true });
});

test('a token for metrics that could be guessed, or that no header can hold, is refused', () => {
  const { server } = readConfig(root, { PHONOGRAPH_METRICS_TOKEN: 'x'.repeat(16) });
  assert.equal(server.metricsToken, 'x'.repeat(16));
  assert.equal(readConfig(root, { PHONOGRAPH_METRICS_TOKEN: '' }).server.metricsToken, null);
  for (const token of ['short', '1'.repeat(16), 'sixteen or more characters', `${'x'.repeat(16)}\n`]) {
    const [problem = '', ...more] = problemsOf({ PHONOGRAPH_METRICS_TOKEN: token });
    assert.match(problem, /^server\.metricsToken \(PHONOGRAPH_METRICS_TOKEN\) /u, token);
    assert.deepEqual(more, []);
  }
});

test('callbacks are signed with a secret of Standard Webhooks or not at all, and traces are sent where OpenTelemetry is told to', () => {
  assert.deepEqual(problemsOf({ PHONOGRAPH_WEBHOOK_SECRET: 'secret' }), [
    'server.webhookSecret (PHONOGRAPH_WEBHOOK_SECRET) must be whsec_ and 24 to 64 bytes in base64',
  ]);
  const secret = newSecret();
  assert.equal(readConfig(root, { PHONOGRAPH_WEBHOOK_SECRET: secret }).server.webhookSecret, secret);
  assert.equal(readConfig(root, { PHONOGRAPH_WEBHOOK_SECRET: '' }).server.webhookSecret, null);
  assert.equal(readConfig(root, { OTEL_EXPORTER_OTLP_ENDPOINT: '' }).traces, false);
  for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
    assert.equal(readConfig(root, { [name]: 'http://127.0.0.1:4318' }).traces, true);
  }
});
