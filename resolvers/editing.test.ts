import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOf, followByWebSocket, wsClient } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';

const edit = `mutation ($jobId: ID!, $edits: [SegmentEdit!]!, $seenSeq: SafeInt) {
  editSegments(jobId: $jobId, edits: $edits, seenSeq: $seenSeq) {
    __typename
    ... on EditSegmentsSuccess { job { edited lastEventSeq } segments { index text originalText speaker startSeconds endSeconds } }
    ... on InvalidInputError { field }
    ... on JobStatusError { status }
    ... on Error { code message hint }
  }
}`;
const revert = `mutation ($jobId: ID!, $indexes: [Int!]) {
  revertSegments(jobId: $jobId, indexes: $indexes) {
    __typename ... on EditSegmentsSuccess { job { edited } segments { index text originalText } } ... on Error { code message }
  }
}`;
const rename = `mutation ($jobId: ID!, $key: String!, $name: String) {
  renameSpeaker(jobId: $jobId, key: $key, name: $name) {
    __typename ... on RenameSpeakerSuccess { speaker { key name label } } ... on InvalidInputError { field } ... on Error { code }
  }
}`;

/** A job that has said one, two and three, for three seconds each, and how many events it has. */
async function spoken(server: TestServer) {
  const jobId = await submit(server);
  return { jobId, seq: (await eventsOf(server.url, jobId)).length };
}

async function lookFor(server: TestServer, query: string): Promise<readonly string[]> {
  const { data } = await server.ask(
    'query ($query: String!) { search(query: $query) { edges { node { highlight } } } }',
    {
      query,
    },
  );
  return data.search.edges.map(({ node }: any) => node.highlight);
}

test('a transcript that is corrected is so in every answer, for who follows, watches, downloads and searches', async () => {
  await using server = await openTestServer();
  const { jobId, seq } = await spoken(server);
  const address = `${server.url}/jobs/${jobId}/transcript.txt?speakers=true`;
  const tag = (await fetch(address)).headers.get('etag') ?? '';
  const ifNew = () => fetch(address, { headers: { 'if-none-match': tag } });
  assert.equal((await ifNew()).status, 304);
  await using client = { ...wsClient(server.url), [Symbol.asyncDispose]: async () => client.dispose() };
  const changes = client.iterate<any>({ query: 'subscription { jobChanged { id edited lastEventSeq } }' });
  const changed = changes.next();
  // The subscription stands once another one of the same connection is answered.
  await Array.fromAsync(client.iterate({ query: '{ server { id } }' }));
  const edits = [{ index: 1, text: ' Nummer zwei ', speaker: '1' }];
  const { data } = await server.ask(edit, { jobId, edits, seenSeq: seq });
  assert.deepEqual(data.editSegments, {
    __typename: 'EditSegmentsSuccess',
    job: { edited: true, lastEventSeq: seq + 2 },
    segments: [{ index: 1, text: 'Nummer zwei', originalText: 'two', speaker: '1', startSeconds: 3, endSeconds: 6 }],
  });
  assert.deepEqual((await changed).value?.data?.jobChanged, { id: jobId, edited: true, lastEventSeq: seq + 2 });
  const told = await Array.fromAsync(followByWebSocket(server.url, jobId, seq));
  assert.deepEqual(
    told.map(({ __typename }) => __typename),
    ['JobSegmentsChanged', 'JobSpeakersChanged'],
  );
  assert.deepEqual(await Array.fromAsync(followByWebSocket(server.url, jobId, seq + 2)), []);
  const named = await server.ask(rename, { jobId, key: '1', name: ' Anna ' });
  assert.deepEqual(named.data.renameSpeaker.speaker, { key: '1', name: 'Anna', label: 'Anna' });
  const again = await ifNew();
  assert.equal(again.status, 200);
  assert.equal(await again.text(), 'one\n\nAnna: Nummer zwei\n\nthree\n');
  assert.deepEqual(await lookFor(server, 'two'), []);
  assert.deepEqual(await lookFor(server, 'zwei'), ['Nummer <mark>zwei</mark>']);
  const reverted = await server.ask(revert, { jobId });
  assert.deepEqual(reverted.data.revertSegments, {
    __typename: 'EditSegmentsSuccess',
    job: { edited: false },
    segments: [{ index: 1, text: 'two', originalText: null }],
  });
  assert.deepEqual(await lookFor(server, 'two'), ['<mark>two</mark>']);
  const { data: after } = await server.ask(`{ job(id: "${jobId}") { speakers { label } transcript } }`);
  assert.deepEqual(after.job, { speakers: [], transcript: 'one two three\n' });
});

test('what cannot be is refused with the argument that is wrong, and all of it', async () => {
  await using server = await openTestServer();
  const { jobId, seq } = await spoken(server);
  const good = { index: 0, text: 'good' };
  const many = Array.from({ length: 501 }, (_, index) => ({ index }));
  const cases: readonly (readonly [string, string, readonly Record<string, unknown>[]])[] = [
    ['edits.1.text', 'edits.1.text must be a text.', [good, { index: 1, text: null }]],
    ['edits.1.text', 'edits.1.text must not be blank: segments are not', [good, { index: 1, text: ' \n' }]],
    ['edits.0.text', 'edits.0.text must not be blank: segments are not', [{ index: 1, text: '\u200B\u0007\u00AD' }]],
    ['edits.0.text', 'edits.0.text must have at most 10000 characters.', [{ index: 1, text: 'x'.repeat(10_001) }]],
    ['edits.0.startSeconds', 'edits.0.startSeconds must be a number.', [{ index: 1, startSeconds: null }]],
    ['edits.0.endSeconds', 'edits.0.endSeconds must be a number.', [{ index: 1, endSeconds: null }]],
    ['edits.0.endSeconds', 'edits.0.endSeconds must be at most 9,', [{ index: 2, endSeconds: 9.001 }]],
    ['edits.0.index', 'edits.0.index is 3, which is no segment. There are 0 to 2.', [{ index: 3 }]],
    ['edits.0.speaker', 'edits.0.speaker must be one of 1 (a new one).', [{ index: 1, speaker: '2' }]],
    ['edits', 'edits must have at most 500 items.', many],
  ];
  for (const [field, message, edits] of cases) {
    const { data } = await server.ask(edit, { jobId, edits });
    const told = data.editSegments;
    assert.deepEqual([told.__typename, told.field, told.code], ['InvalidInputError', field, 'INVALID_INPUT'], message);
    assert.ok(told.message.startsWith(message), told.message);
  }
  const merge = `mutation { mergeSpeakers(jobId: "${jobId}", keys: [], into: "1") { ... on Error { message } } }`;
  assert.equal((await server.ask(merge)).data.mergeSpeakers.message, 'keys must have at least 1 item.');
  const unknown = await server.ask(edit, { jobId: 'job_unknown', edits: [good] });
  assert.equal(unknown.data.editSegments.code, 'JOB_NOT_FOUND');
  for (const name of ['', '\u200E\u0007', 'x'.repeat(101)]) {
    const { data } = await server.ask(rename, { jobId, key: '1', name });
    assert.deepEqual([data.renameSpeaker.code, data.renameSpeaker.field], ['INVALID_INPUT', 'name']);
  }
  const { data } = await server.ask(`{ job(id: "${jobId}") { edited lastEventSeq } }`);
  assert.deepEqual(data.job, { edited: false, lastEventSeq: seq });
});

test('a job that runs is not corrected', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  const jobId = await submit(server);
  for await (const event of followByWebSocket(server.url, jobId)) if (event.status === 'WORKING') break;
  const { data } = await server.ask(edit, { jobId, edits: [{ index: 0, text: 'x' }] });
  assert.deepEqual([data.editSegments.code, data.editSegments.status], ['JOB_STATUS', 'WORKING']);
});
