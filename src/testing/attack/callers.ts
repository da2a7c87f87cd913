import assert from 'node:assert/strict';
import { join } from 'node:path';
import { execa } from 'execa';
import { getNamedType, type GraphQLField, isLeafType, isRequiredArgument } from 'graphql';
import { schema } from '#schema/index.ts';
import { newCaller } from '../caller.ts';
import { type Answer, ask, openTestServer, type TestServer } from '../server.ts';
import type { Attack, Target } from './target.ts';

const [alice, bob, root] = [newCaller('alice', 'USER'), newCaller('bob', 'USER'), newCaller('root')];
type Caller = typeof alice;

/** A server that knows three callers. */
function openServer(): Promise<TestServer> {
  const apiKeys = [alice, bob, root].map(({ key }) => key);
  return openTestServer({
    server: { apiKeys, usersMayReadMediaRoots: true, hubOffline: true, maxRequestsPerMinute: 1_000_000 },
  });
}

const told = (server: TestServer, caller: Caller, query: string, variables = {}): Promise<Answer> =>
  ask(server.url, JSON.stringify({ query, variables }), caller.headers);

const submit =
  'mutation ($input: TranscribeInput!) { transcribe(input: $input) { ... on TranscribeSuccess { job { id } } } }';

async function submitAs(server: TestServer, caller: Caller): Promise<string> {
  const { data } = await told(server, caller, submit, { input: { media: { path: 'speech.wav' } } });
  return data.transcribe.job.id;
}

/** Every field that takes the id of a job, as an operation about one. */
function operationsAbout(id: string): readonly string[] {
  return [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.values(type?.getFields() ?? {}).flatMap((field) => {
      const call = callAbout(field, id);
      return call === null ? [] : [`${type?.name.toLowerCase() ?? ''} { ${call} }`];
    }),
  );
}

function callAbout({ name, args, type }: GraphQLField<unknown, unknown>, id: string): string | null {
  if (!args.some((arg) => arg.name === 'id' || arg.name === 'jobId')) return null;
  const given = args
    .filter((arg) => isRequiredArgument(arg))
    .map((arg) => `${arg.name}: ${arg.name.toLowerCase().endsWith('id') ? `"${id}"` : '{}'}`);
  const fields = isLeafType(getNamedType(type))
    ? ''
    : '{ __typename ... on Error { code message } ... on Job { id title } }';
  return `${name}(${given.join(', ')}) ${fields}`;
}

/** A program that prints operations which the schema allows. */
async function generate(count: number): Promise<readonly string[]> {
  const folder = join(import.meta.dirname, '../../..');
  const [python, program] = [join(folder, '.venv/bin/python'), join(folder, 'bench/generated-operations.py')];
  const { stdout } = await execa(python, [program, join(folder, 'schema/schema.graphql'), String(count), '1']);
  return stdout.split('\n');
}

/** Generated operations: all of them in the tests would take longer than the rest of the attacks. */
const generated = ({ effort }: Target) => (effort === 1 ? 40 : 1000 * effort);

/** What those do who hold a key. */
export const byCallers: readonly Attack[] = [
  {
    name: 'the job of another, by every field and route that takes an id',
    defence: 'for a USER what is not theirs is not there (resolvers/visibility.ts, schema/scopes.ts)',
    async attack() {
      await using server = await openServer();
      const id = await submitAs(server, alice);
      const unknown = id.replace(/.{4}$/u, 'none');
      const before = await told(server, root, `{ job(id: "${id}") { status title tags } }`);
      const about = operationsAbout(id);
      assert.ok(about.length >= 6, `${about.length} operations`);
      for (const operation of about) {
        const [answer, none] = [
          await told(server, bob, operation),
          await told(server, bob, operation.replace(id, unknown)),
        ];
        assert.equal(JSON.stringify(answer).replaceAll(id, unknown), JSON.stringify(none), operation);
      }
      for (const file of ['media', 'events', 'transcript.txt', 'transcript.json']) {
        const response = await fetch(`${server.url}/jobs/${id}/${file}`, { headers: bob.headers });
        assert.equal(response.status, 404, file);
      }
      const lists =
        '{ jobs { totalCount edges { node { id } } } search(query: "one") { edges { node { job { id } } } } logs { edges { node { jobId message } } } }';
      assert.ok(!JSON.stringify(await told(server, bob, lists)).includes(id));
      assert.deepEqual(
        (await told(server, root, `{ job(id: "${id}") { status title tags } }`)).data.job.title,
        before.data.job.title,
      );
    },
    async twin() {
      await using server = await openServer();
      const id = await submitAs(server, alice);
      for (const caller of [alice, root]) {
        assert.equal((await told(server, caller, `{ job(id: "${id}") { id } }`)).data.job.id, id);
      }
    },
  },
  {
    name: 'names that write lines of their own into the log, or run as commands',
    defence:
      'a log line is one JSON object; the engine is told everything on its stdin (src/logs/log.ts, runner/run-engine.ts)',
    async attack() {
      await using server = await openServer();
      const lines = [
        'x\n{"level":"error","event":"forged"}',
        '\r\nforged',
        '\u001b[2Jforged',
        '$(touch forged)',
        '; forged',
        '--help',
        '\u2028forged',
      ];
      for (const text of lines) {
        const input = {
          media: { path: text },
          title: text,
          tags: [text],
          metadata: { [text]: text },
          idempotencyKey: text,
          hotwords: text,
          initialPrompt: text,
        };
        await told(server, alice, submit, { input });
        await told(server, alice, submit, { input: { ...input, media: { path: 'speech.wav' } } });
        await told(
          server,
          root,
          'mutation ($id: ID!) { downloadModel(id: $id) { __typename } removeModel(id: $id) { __typename } }',
          { id: text },
        );
        await fetch(`${server.url}/${encodeURIComponent(text)}`, {
          headers: { ...alice.headers, 'user-agent': 'forged' },
        });
      }
      // Each was parsed as one line of JSON when it was written.
      assert.ok(server.logs.length > 0);
      assert.ok(!server.logs.some(({ event }) => event === 'forged'));
    },
    async twin() {
      await using server = await openServer();
      const input = { media: { path: 'speech.wav' }, title: 'Gespräch: "Über Grenzen" (1/2)', tags: ['Ümläute & Co.'] };
      assert.equal(typeof (await told(server, alice, submit, { input })).data.transcribe.job.id, 'string');
    },
  },
  {
    name: 'operations of every kind that the schema allows, generated',
    defence:
      'what is expected has a code of its own, and what is not is masked and written to the log (src/http/yoga.ts)',
    async attack(target) {
      await using server = await openServer();
      await submitAs(server, root);
      const operations = await generate(generated(target));
      const headers = { 'content-type': 'application/json', ...root.headers };
      for (const body of operations) {
        const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
        const text = await response.text();
        assert.ok(response.status < 500, `${response.status} for ${body.slice(0, 500)}`);
        assert.ok(!text.includes('INTERNAL_SERVER_ERROR'), `${text.slice(0, 300)} for ${body.slice(0, 1000)}`);
        assert.doesNotMatch(text, /node_modules|\.ts:\d|SQLITE|\n {4}at /u);
      }
    },
    async twin() {
      await using server = await openServer();
      assert.equal((await told(server, root, '{ server { id } }')).data.server.id, 'server');
    },
  },
];
