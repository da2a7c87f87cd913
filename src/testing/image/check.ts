import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { chown, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { lastingPort } from '../process.ts';
import { ask } from '../server.ts';
import { buildImage, type Image } from './build.ts';
import { type Container, runContainer, type Setting, startContainer } from './container.ts';

/** Builds the image in a folder, starts it, and proves what README.md says of it. Throws where something is not so. */
export async function checkImage(directory: string): Promise<void> {
  const image = await buildImage(directory);
  tell(`built, ${Math.round(image.bytes / 1e6)} MB`);
  assertLean(image);
  tell('no tools of development, tests or caches in it');
  const setting = await makeSetting(directory, image);
  const keyless = await runContainer(setting);
  assert.equal(keyless.code, 78, keyless.stderr);
  assert.match(keyless.stderr, /listenHost .*API keys/u);
  tell('without an API key it refuses to start, with 78');
  const made = await runContainer(setting, 'keys', 'alice');
  assert.equal(made.code, 0, made.stderr);
  const [token = ''] = made.stdout.split('\n');
  const environment = { ...setting.environment, PHONOGRAPH_ALLOWED_HOSTS: '*' };
  await assertServes({ ...setting, environment }, `Bearer ${token}`);
}

/** What only building and testing needs. */
const unwanted = [
  'app/node_modules/{typescript,oxlint,knip,esbuild}',
  'app/**/*.test.{ts,mjs}',
  'app/runner/{fixtures,engine/tests}',
  'app/src/{testing,store/contract}',
  'app/.venv/lib/python*/site-packages/{pytest,ruff,mypy}',
  'app/.tools/{tmp,uv}',
  'root/.{npm,cache,npmrc}',
  'var/{cache/apt/archives/*.deb,lib/apt/lists/*Packages*}',
  'usr/bin/{npm,gcc,git}',
];

function assertLean({ root }: Image): void {
  const exclude = (name: string) => name === 'node_modules';
  const found = unwanted.flatMap((pattern) =>
    globSync(pattern, pattern.includes('**') ? { cwd: root, exclude } : { cwd: root }),
  );
  assert.deepEqual(found, []);
}

async function makeSetting(directory: string, image: Image): Promise<Setting> {
  const [data, media] = [join(directory, 'data'), join(directory, 'media')];
  const [user = 0, group = 0] = image.User.split(':').map(Number);
  await mkdir(data);
  await chown(data, user, group);
  await mkdir(media);
  await copyFile(join(import.meta.dirname, '../../../samples/jfk.flac'), join(media, 'jfk.flac'));
  // The container has the network of this machine, where the image's own port may be taken.
  return { image, data, media, environment: { PHONOGRAPH_LISTEN_PORT: String(lastingPort()) } };
}

async function assertServes(setting: Setting, authorization: string): Promise<void> {
  const container = startContainer(setting);
  const ready = container.said('engine ready');
  const ended = container.ended.then(({ code, stderr }) => assert.fail(`it ended with ${code}: ${stderr}`));
  const url = await Promise.race([container.url, ended]);
  await assertConfined(setting, container);
  const question = JSON.stringify({ query: '{ server { id } }' });
  assert.equal((await ask(url, question)).status, 401);
  assert.equal((await ask(url, question, { authorization })).status, 200);
  tell('it answers 401 without the API key and 200 with it');
  await Promise.race([ready, ended]);
  assert.equal((await fetch(`${url}/ready`)).status, 200);
  assert.match(await transcribe(url, authorization), /ask not what your country can do for you/iu);
  tell('it transcribes a recording of the mapped media folder');
  assert.equal((await container.run('node', 'src/main.ts', 'backup', '/data/copy.db')).code, 0);
  tell('it makes a backup beside its database');
  process.kill(container.init(), 'SIGTERM');
  assert.deepEqual(await container.ended, { code: 0, stderr: '' });
  tell('SIGTERM ends it in order, with 0');
}

/** Without the rights of root, where only the data can be written. */
async function assertConfined({ image }: Setting, { init, run }: Container): Promise<void> {
  const [user] = image.User.split(':');
  assert.notEqual(user, '0');
  const { stdout } = await run('sh', '-c', 'grep -h ^Uid: /proc/[0-9]*/status; cat /proc/1/comm');
  const lines = stdout.split('\n');
  assert.equal(lines.pop(), 'tini');
  assert.ok(lines.length >= 3, 'tini, the server, and what asks');
  for (const line of lines) assert.match(line, new RegExp(`^Uid:(?:\\t${user}){4}$`, 'u'));
  assert.match(readFileSync(`/proc/${init()}/status`, 'utf8'), /^CapEff:\t0+$/mu);
  tell(`every process runs as user ${user}, without capabilities`);
  for (const folder of ['/app', '/media', '/models', '/usr']) {
    assert.notEqual((await run('touch', `${folder}/new`)).code, 0, folder);
  }
  assert.equal((await run('touch', '/tmp/new')).code, 0);
  tell('nothing can be written but /data and /tmp');
  const [, ...healthcheck] = image.Healthcheck.Test;
  assert.equal((await run(...healthcheck)).code, 0);
  assert.notEqual((await run('env', 'PHONOGRAPH_LISTEN_PORT=1', ...healthcheck)).code, 0);
  tell('its health check passes, and fails where nobody listens');
}

/** Submits the sample, follows it to its end by WebSocket, and takes its transcript. */
async function transcribe(url: string, authorization: string): Promise<string> {
  const submit =
    'mutation { transcribe(input: { media: { path: "jfk.flac" } }) { ... on TranscribeSuccess { job { id } } } }';
  const { data } = await ask(url, JSON.stringify({ query: submit }), { authorization });
  const id: string = data.transcribe.job.id;
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, connectionParams: { authorization } });
  await Array.fromAsync(
    client.iterate({ query: 'subscription ($id: ID!) { jobEvents(id: $id) { seq } }', variables: { id } }),
  );
  await client.dispose();
  const query = 'query ($id: ID!) { job(id: $id) { transcript } }';
  return (await ask(url, JSON.stringify({ query, variables: { id } }), { authorization })).data.job.transcript;
}

function tell(what: string): void {
  process.stdout.write(`ok  ${what}\n`);
}
