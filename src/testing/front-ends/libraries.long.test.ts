import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { cacheExchange } from '@urql/exchange-graphcache';
// @ts-expect-error -- it has its types in comments, which are read where a project has asked for them
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { JSDOM } from 'jsdom';
import { Client, fetchExchange } from 'urql';
import { cacheConfig as apolloCache } from '#clients/js/apollo.ts';
import { openClient, PhonographError } from '#clients/js/client.ts';
import { cacheConfig as graphcache } from '#clients/js/graphcache.ts';
import { TranscribeDocument } from '#clients/js/operations.ts';
import { segmentsAfter, type Segment } from '#clients/js/transcript.ts';
import { newCaller } from '../caller.ts';
import { openTestServer, type TestServer } from '../server.ts';

const headers = { 'apollo-require-preflight': 'true' };

let server: TestServer;
let bytes: Uint8Array<ArrayBuffer>;
before(async () => {
  server = await openTestServer();
  bytes = new Uint8Array(await readFile(join(import.meta.dirname, '../../../samples/jfk.flac')));
});
after(() => server[Symbol.asyncDispose]());

/** Uploads a recording by the package, and gives the job, how much had been sent each time that it was told, and the transcript. */
async function transcribe(url: string, token?: string) {
  const sent: number[] = [];
  const client = openClient({ url, token });
  const onProgress = ({ sentBytes }: { readonly sentBytes: number }) => sent.push(sentBytes);
  const job = await client.transcribe(new File([bytes], 'jfk.flac'), { title: 'Inaugural address', onProgress });
  let segments: readonly Segment[] = [];
  for await (const event of client.follow(job)) segments = segmentsAfter(segmentsAfter(segments, event), event);
  await client.dispose();
  return { job, sent, segments };
}

function assertProgress(sent: readonly number[]) {
  assert.ok(sent.length > 1, `told ${sent.length} times`);
  assert.deepEqual(
    sent,
    sent.toSorted((a, b) => a - b),
  );
  assert.equal(sent.at(-1), bytes.length);
}

test('a program uploads a recording and hears how much is sent, and then the words', async () => {
  const { job, sent, segments } = await transcribe(server.url);
  assert.deepEqual([job.title, job.media.name], ['Inaugural address', 'jfk.flac']);
  assertProgress(sent);
  assert.ok(segments.length > 0);
  assert.deepEqual(
    segments.map(({ index }) => index),
    segments.map((_, index) => index),
  );
});

test('with an API key, and behind a path of a proxy, the same', async () => {
  const { key, token } = newCaller('alice');
  await using closed = await openTestServer({ server: { apiKeys: [key] } });
  assert.ok((await transcribe(`${closed.url}/`, token)).segments.length > 0);
  await assert.rejects(transcribe(closed.url), { name: 'PhonographError', code: 'UNAUTHENTICATED' });
});

test('a page uploads by XMLHttpRequest, which tells it how much is sent, and can stop', async (t) => {
  const { window } = new JSDOM('', { url: server.url });
  const own = { FormData, File, Blob };
  const { XMLHttpRequest, FormData: PageFormData, File: PageFile, Blob: PageBlob } = window;
  Object.assign(globalThis, { XMLHttpRequest, FormData: PageFormData, File: PageFile, Blob: PageBlob });
  t.after(() => {
    Object.assign(globalThis, own);
    Reflect.deleteProperty(globalThis, 'XMLHttpRequest');
    window.close();
  });
  const { job, sent } = await transcribe(server.url);
  assert.equal(job.media.name, 'jfk.flac');
  assert.equal(sent.at(-1), bytes.length);
  const client = openClient({ url: server.url });
  const leave = new AbortController();
  const stopped = client.transcribe(new File([bytes], 'jfk.flac'), {
    signal: leave.signal,
    onProgress: () => leave.abort(new Error('enough')),
  });
  await assert.rejects(stopped, /enough/u);
  await client.dispose();
});

test('what the server refuses is thrown with its code and what to do', async () => {
  const client = openClient({ url: server.url });
  const refused = async (act: () => Promise<unknown>) => {
    try {
      await act();
    } catch (error) {
      assert.ok(error instanceof PhonographError, String(error));
      return error;
    }
    return assert.fail('not refused');
  };
  const empty = await refused(() => client.transcribe(new File([], 'nothing.wav')));
  assert.equal(empty.code, 'MEDIA_REJECTED');
  const wrong = await refused(() => client.transcribe(new File([bytes], 'jfk.flac'), { beamSize: 1000 }));
  assert.equal(wrong.code, 'INVALID_INPUT');
  const unknown = await refused(() => client.follow('job_000000000000000000000').next());
  assert.equal(unknown.code, 'NOT_FOUND');
  await client.dispose();
});

test('Apollo uploads through apollo-upload-client, and reads what is wrong as possibleTypes say', async () => {
  const link = new UploadHttpLink({ uri: `${server.url}/graphql`, headers });
  const client = new ApolloClient({ cache: new InMemoryCache(apolloCache), link });
  const submit = async (upload: File) =>
    (await client.mutate({ mutation: TranscribeDocument, variables: { input: { media: { upload } } } })).data
      ?.transcribe;
  const taken = await submit(new File([bytes], 'jfk.flac'));
  assert.equal(taken?.__typename === 'TranscribeSuccess' && taken.job.media.name, 'jfk.flac');
  const refused = await submit(new File([], 'nothing.wav'));
  assert.equal(refused?.__typename === 'MediaRejectedError' && refused.code, 'MEDIA_REJECTED');
  client.stop();
});

test('urql uploads by itself, and its graphcache reads what is wrong and warns of nothing', async () => {
  const warnings: string[] = [];
  const exchanges = [
    cacheExchange({ ...graphcache, logger: (severity, message) => severity !== 'debug' && warnings.push(message) }),
    fetchExchange,
  ];
  const client = new Client({
    url: `${server.url}/graphql`,
    fetchOptions: { headers },
    preferGetMethod: false,
    exchanges,
  });
  const submit = async (upload: File) =>
    (await client.mutation(TranscribeDocument, { input: { media: { upload } } }).toPromise()).data?.transcribe;
  const taken = await submit(new File([bytes], 'jfk.flac'));
  assert.equal(taken?.__typename === 'TranscribeSuccess' && taken.job.media.name, 'jfk.flac');
  const refused = await submit(new File([], 'nothing.wav'));
  assert.equal(refused?.__typename === 'MediaRejectedError' && refused.code, 'MEDIA_REJECTED');
  const everything = `{
    jobs(first: 1) { edges { node { id options { clip { startSeconds } } attempts { number } segments(first: 5) { edges { node { text words { text } } } pageInfo { endCursor } } } } }
    configOptions { limits { maxQueued } modes { mode } numJobs { max } languages { code } }
    server { id cpu { cores } memory { totalBytes } disk { freeBytes } queue { queued } engine { ready } gpus { name } }
    viewer { role }
  }`;
  assert.equal((await client.query(everything, {}).toPromise()).error, undefined);
  assert.deepEqual(warnings, []);
});

test('the pages of a list are one list in the caches of Apollo and urql', async () => {
  const page = '{ jobs(first: 1, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } }';
  const query = gql(`query ($after: String) ${page}`);
  const link = new HttpLink({ uri: `${server.url}/graphql` });
  const apollo = new ApolloClient({ cache: new InMemoryCache(apolloCache), link });
  const exchanges = [cacheExchange(graphcache), fetchExchange];
  const urql = new Client({ url: `${server.url}/graphql`, preferGetMethod: false, exchanges });
  for (const ask of [
    // A further page is asked for as fetchMore does.
    async (cursor: string | null) => {
      const fetchPolicy = cursor === null ? 'cache-first' : 'network-only';
      return (await apollo.query<any>({ query, variables: { after: cursor }, fetchPolicy })).data;
    },
    async (cursor: string | null) => (await urql.query(query, { after: cursor }).toPromise()).data,
  ]) {
    const first = await ask(null);
    await ask(first.jobs.pageInfo.endCursor);
    const both = await ask(null);
    assert.equal(new Set(both.jobs.edges.map(({ node }: any) => node.id)).size, 2);
  }
  apollo.stop();
});
