import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import { byCallers } from './callers.ts';
import { fuzzing } from './fuzzing.ts';
import { byMany } from './load.ts';
import { byMedia } from './media.ts';
import { byOpenai } from './openai.ts';
import { byTus } from './tus.ts';
import { byWebhooks } from './webhooks.ts';
import {
  type Attack,
  codesOf,
  field,
  file,
  json,
  multipart,
  openRaw,
  operate,
  parts,
  passes,
  rawRequest,
  sayRaw,
  statusOf,
  type Target,
  upload,
  uploadMutation,
} from './target.ts';
import { byUrl } from './urls.ts';

const transcribe =
  'mutation ($input: TranscribeInput!) { transcribe(input: $input) { __typename ... on TranscribeSuccess { job { id } } ... on Error { code message } } }';

/** The typename of what an attempt to transcribe answers. */
async function submit(target: Target, path: string): Promise<string> {
  const { data } = await operate(target, transcribe, { input: { media: { path } } });
  return data.transcribe.__typename;
}

async function isRefused(target: Target, code: string, query: string, variables = {}): Promise<void> {
  const answer = await operate(target, query, variables);
  assert.ok(codesOf(answer).includes(code), `${code} expected, not ${JSON.stringify(answer.errors)?.slice(0, 300)}`);
}

export const attacks: readonly Attack[] = [
  ...fuzzing,
  ...byCallers,
  ...byMany,
  ...byMedia,
  ...byOpenai,
  ...byUrl,
  ...byTus,
  ...byWebhooks,
  {
    name: 'one query for a hundred jobs of a thousand segments, eighteen times over',
    defence: 'a cost before execution, by pages and variables (src/http/cost.ts)',
    attack: (target) => {
      const aliases = Array.from(
        { length: 18 },
        (_, at) => `a${at}: segments(first: 1000) { edges { node { text } } }`,
      );
      return isRefused(target, 'QUERY_TOO_COMPLEX', `{ jobs(first: 100) { edges { node { ${aliases.join(' ')} } } } }`);
    },
    twin: (target) => passes(target, '{ jobs(first: 20) { edges { node { title transcript } } } }'),
  },
  {
    name: 'bombs of depth, aliases, fragments, tokens and directives',
    defence: '1,000 tokens, 12 levels, 30 aliases, 20 root fields; each fragment is measured once (src/http/limits.ts)',
    async attack(target) {
      const doubling = (type: string, alias: (at: number) => string) =>
        Array.from(
          { length: 60 },
          (_, at) => `fragment F${at} on ${type} { ...F${at + 1} ...F${at + 1} ${alias(at)} }`,
        ).join(' ');
      const bombs = [
        `{ ${'a { '.repeat(200)} b ${'}'.repeat(200)} }`,
        `{ server { ${Array.from({ length: 100 }, (_, at) => `a${at}: id`).join(' ')} } }`,
        `{ server { ...F0 } } ${doubling('Server', (at) => `x${at}: id`)} fragment F60 on Server { id }`,
        `{ jobs { edges { node { ...F0 } } } } ${doubling('Job', () => '')} fragment F60 on Job { transcript }`,
        `{ job(id: ${'['.repeat(100_000)}`,
        `{ server { id ${'@skip(if: true) '.repeat(2000)} } }`,
      ];
      for (const bomb of bombs) assert.notDeepEqual(codesOf(await operate(target, bomb)), [], bomb.slice(0, 60));
    },
    twin: (target) => passes(target, '{ server { ...A } } fragment A on Server { id status queue { working } }'),
  },
  {
    name: 'texts of a megabyte, lists of 60,000, JSON nested 100,000 times',
    defence: 'a bound for every text and list, told in the schema (schema/bounds.ts)',
    async attack(target) {
      const jobs = 'query ($filter: JobFilter) { jobs(filter: $filter) { totalCount } }';
      await isRefused(target, 'BAD_USER_INPUT', jobs, { filter: { titleContains: 'x'.repeat(900_000) } });
      await isRefused(target, 'BAD_USER_INPUT', jobs, {
        filter: { status: Array.from({ length: 60_000 }, () => 'QUEUED') },
      });
      const nested = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
      const body = `{"query":${JSON.stringify(transcribe)},"variables":{"input":{"media":{"path":"speech.wav"},"metadata":${nested}}}}`;
      const answer = await sayRaw(target, rawRequest(target, { headers: json, body }), { patienceMs: 10_000 });
      assert.match(answer, /InvalidInputError/u);
    },
    twin: (target) =>
      passes(target, '{ jobs(filter: { titleContains: "interview", status: [COMPLETED] }) { totalCount } }'),
  },
  {
    name: 'paths out of the media root, in sixty forms',
    defence: 'the file is opened first, then asked where it really is (src/media/locate.ts)',
    async attack(target) {
      const ups = [
        '../outside/secret.wav',
        '..\\outside\\secret.wav',
        './../outside/secret.wav',
        'a/../../outside/secret.wav',
        '..%2foutside%2fsecret.wav',
        '%2e%2e/outside/secret.wav',
        '..;/outside/secret.wav',
        '....//outside/secret.wav',
        '..\u2215outside/secret.wav',
        '\uff0e\uff0e/outside/secret.wav',
      ];
      const ends = ['', '\0', '\0.wav', '?', '#', '/'];
      const absolute = [
        join(target.outside, 'secret.wav'),
        `file://${target.outside}/secret.wav`,
        '/etc/passwd',
        '/proc/self/environ',
        '/dev/zero',
        'http://127.0.0.1/secret.wav',
      ];
      const paths = [...ups.flatMap((path) => ends.map((end) => path + end)), ...absolute, 'a/'.repeat(30_000)];
      for (const path of paths) assert.notEqual(await submit(target, path), 'TranscribeSuccess', path.slice(0, 80));
    },
    twin: async (target) => assert.equal(await submit(target, './speech.wav'), 'TranscribeSuccess'),
  },
  {
    name: 'links out of the media root, exchanged while they are looked at',
    defence: 'the file is opened first; the engine reads the descriptor that was checked (src/media/real-file.ts)',
    async attack(target) {
      await symlink(join(target.outside, 'secret.wav'), join(target.media, 'link.wav'));
      assert.notEqual(await submit(target, 'link.wav'), 'TranscribeSuccess');
      const [inside, swapped] = [join(target.media, 'folder'), join(target.media, 'other')];
      await mkdir(inside);
      await symlink(target.outside, swapped);
      const stop = new AbortController();
      const swapping = (async () => {
        while (!stop.signal.aborted) {
          await rename(inside, `${inside}-`);
          await rename(swapped, inside);
          await rename(inside, swapped);
          await rename(`${inside}-`, inside);
        }
      })();
      for (let round = 0; round < (target.effort === 1 ? 15 : 50 * target.effort); round += 1) {
        assert.notEqual(await submit(target, 'folder/secret.wav'), 'TranscribeSuccess');
      }
      stop.abort();
      await swapping;
      await Promise.all([inside, swapped, join(target.media, 'link.wav')].map((path) => rm(path, { recursive: true })));
    },
    async twin(target) {
      await symlink('speech.wav', join(target.media, 'inside.wav'));
      assert.equal(await submit(target, 'inside.wav'), 'TranscribeSuccess');
      await rm(join(target.media, 'inside.wav'));
    },
  },
  {
    name: 'a pipe, a folder and a hidden file in the place of a recording',
    defence: 'opened without waiting, and only plain files are taken (src/media/real-file.ts)',
    async attack(target) {
      const pipe = join(target.media, 'pipe.wav');
      await promisify(execFile)('mkfifo', [pipe]);
      await mkdir(join(target.media, 'folder.wav'));
      for (const path of ['pipe.wav', 'folder.wav', '.', '', '.hidden.wav']) {
        assert.notEqual(await submit(target, path), 'TranscribeSuccess', path);
      }
      await Promise.all([rm(pipe), rm(join(target.media, 'folder.wav'), { recursive: true })]);
    },
    twin: async (target) => assert.equal(await submit(target, 'speech.wav'), 'TranscribeSuccess'),
  },
  {
    name: 'pages of other sites: WebSocket, forms, CORS, rebound names',
    defence:
      'Host, Origin and Sec-Fetch-Site are checked, also of an upgrade; forms need a header (src/http/request-checks.ts)',
    async attack(target) {
      const evil = { Origin: 'https://evil.example' };
      const status = async (headers: Record<string, string>, body = '{"query":"{ server { id } }"}') =>
        statusOf(await sayRaw(target, rawRequest(target, { headers, body }), { patienceMs: 10_000 }));
      assert.equal(await status({ ...json, ...evil }), 403);
      assert.equal(await status({ ...json, Host: 'evil.example' }), 421);
      assert.equal(await status({ 'Content-Type': 'text/plain' }), 415);
      assert.equal(
        await status({ 'Content-Type': 'application/x-www-form-urlencoded' }, 'query=%7Bserver%7Bid%7D%7D'),
        403,
      );
      const socket = new WebSocket(`${target.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
        headers: evil,
      });
      const [error] = await once(socket, 'error');
      assert.match(String(error), /403/u);
      const preflight = await fetch(`${target.url}/graphql`, {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example' },
      });
      assert.equal(preflight.headers.get('access-control-allow-origin'), null);
    },
    async twin(target) {
      const response = await fetch(`${target.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: target.url },
        body: '{"query":"{ server { id } }"}',
      });
      assert.equal(response.status, 200);
    },
  },
  {
    name: 'names that reach into JavaScript or the settings',
    defence:
      'own properties only; settings that count at the start are in no mutation (src/http/body.ts, schema/config.ts)',
    async attack(target) {
      const body = `{"query":${JSON.stringify(transcribe)},"variables":{"__proto__":{"polluted":1},"input":{"media":{"path":"nothing.wav"},"metadata":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}}}`;
      assert.equal(
        statusOf(await sayRaw(target, rawRequest(target, { headers: json, body }), { patienceMs: 10_000 })),
        200,
      );
      const map = [
        field('operations', JSON.stringify({ query: uploadMutation, variables: {} })),
        field('map', '{"0":["variables.__proto__.file"]}'),
        file('0', 'x'),
      ];
      assert.equal(await upload(target, map), 400);
      for (const name of ['listenHost', 'apiKeys', 'engineCommand', 'dataDirectory', '__proto__']) {
        await isRefused(
          target,
          'GRAPHQL_VALIDATION_FAILED',
          `mutation { setConfig(input: { ${name}: "x" }) { __typename } }`,
        );
      }
      for (const model of ['--help', '../base', '/models/base', 'base; id', '-']) {
        const { data } = await operate(target, transcribe, { input: { media: { path: 'speech.wav' }, model } });
        assert.notEqual(data.transcribe.__typename, 'TranscribeSuccess', model);
      }
    },
    twin: (target) => passes(target, 'mutation { setConfig(input: { numJobs: 1 }) { __typename } }'),
  },
  {
    name: 'cursors and ids that were never given out',
    defence: 'cursors hold the list that they are of; what is not there is null or 404 (resolvers/connection.ts)',
    async attack(target) {
      for (const after of ['x', '', '{}', 'eyJhIjoxfQ==', "' or 1=1 --", '\0', 'A'.repeat(4000)]) {
        await isRefused(
          target,
          'BAD_USER_INPUT',
          'query ($after: String) { jobs(after: $after) { edges { cursor } } }',
          { after },
        );
      }
      for (const id of ['job_', '../x', '%2e%2e', 'job_fffffffffffffffffffff', '\0', '🎵']) {
        const { data } = await operate(target, 'query ($id: ID!) { job(id: $id) { id } }', { id });
        assert.equal(data.job, null, id);
        assert.equal((await fetch(`${target.url}/jobs/${encodeURIComponent(id)}/media`)).status, 404);
      }
    },
    async twin(target) {
      const { data } = await operate(target, '{ jobs(first: 1) { pageInfo { endCursor } } }');
      await passes(target, 'query ($after: String) { jobs(first: 1, after: $after) { edges { cursor } } }', {
        after: data.jobs.pageInfo.endCursor,
      });
    },
  },
  {
    name: 'uploads that stop, more than a caller may have',
    defence: 'four at a time, and 30 s for the next byte (src/http/quotas/quotas.ts, src/http/answer.ts)',
    async attack(target) {
      const beginning =
        rawRequest(target, { headers: { ...multipart, 'Content-Length': '100000' }, body: '' }).replace(
          /Content-Length: 0\r\n/u,
          '',
        ) + parts[2];
      const sockets = await Promise.all(Array.from({ length: 40 }, () => openRaw(target)));
      const refused: string[] = [];
      for (const socket of sockets) {
        socket.on('data', (text) => {
          if (statusOf(String(text)) === 429) refused.push(String(text));
        });
        socket.write(beginning);
      }
      while (refused.length < 36) await new Promise((resolve) => setTimeout(resolve, 10));
      for (const socket of sockets) socket.destroy();
      await operate(target, '{ server { id } }');
    },
    async twin(target) {
      // Those before it may still be on their way out.
      while ((await upload(target)) !== 200);
    },
  },
  {
    name: 'the page of GraphiQL, a hundred times at once, by who does not read it',
    defence: 'rendered once; answers that nobody reads are ended (src/http/pages/graphiql.ts, src/http/answer.ts)',
    async attack(target) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => openRaw(target)));
      for (const socket of sockets) {
        socket.write(rawRequest(target, { method: 'GET', headers: { Accept: 'text/html' } }));
        socket.pause();
      }
      await passes(target, '{ server { id } }');
      for (const socket of sockets) socket.destroy();
    },
    async twin(target) {
      const response = await fetch(`${target.url}/graphql`, { headers: { accept: 'text/html' } });
      assert.match(await response.text(), /GraphiQL/u);
    },
  },
];
