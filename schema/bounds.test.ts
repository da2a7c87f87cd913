import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getNamedType, getNullableType, isInputObjectType, isListType, isObjectType } from 'graphql';
import { ask, openTestServer } from '#src/testing/server.ts';
import { schema } from './index.ts';

/** Every argument, and every field of an input. */
function allSized() {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const fields = types
    .filter(isInputObjectType)
    .flatMap((type) =>
      Object.values(type.getFields()).map((field) => ({ where: `${type.name}.${field.name}`, sized: field })),
    );
  const args = types
    .filter(isObjectType)
    .flatMap((type) =>
      Object.values(type.getFields()).flatMap((field) =>
        field.args.map((argument) => ({ where: `${type.name}.${field.name}(${argument.name})`, sized: argument })),
      ),
    );
  return [...fields, ...args];
}

test('every text, list and JSON that a client may send has a bound that its description tells', () => {
  const sized = allSized().filter(
    ({ sized: { type } }) =>
      isListType(getNullableType(type)) || ['String', 'ID', 'JSON'].includes(getNamedType(type).name),
  );
  assert.ok(sized.length > 30);
  for (const {
    where,
    sized: { description },
  } of sized) {
    assert.match(description ?? '', /at most [\d,]+ |<= [\d,]+ /iu, where);
  }
});

test('what is larger is refused in words, before anything is looked up', async () => {
  await using server = await openTestServer();
  const long = 'x'.repeat(900_000);
  const refused = async (query: string, variables: Record<string, unknown>) =>
    (await server.ask(query, variables)).errors?.map(({ message, extensions }) => [extensions['code'], message]);
  const jobs = 'query ($filter: JobFilter) { jobs(filter: $filter) { totalCount } }';
  assert.deepEqual(await refused(jobs, { filter: { titleContains: long } }), [
    ['BAD_USER_INPUT', 'filter.titleContains has 900000 characters; 500 are allowed.'],
  ]);
  assert.deepEqual(await refused(jobs, { filter: { status: Array.from({ length: 60_000 }, () => 'QUEUED') } }), [
    ['BAD_USER_INPUT', 'filter.status has 60000 items; 1000 are allowed.'],
  ]);
  assert.deepEqual(await refused(jobs, { filter: { ids: [long] } }), [
    ['BAD_USER_INPUT', 'filter.ids has 900000 characters; 200 are allowed.'],
  ]);
  assert.deepEqual(await refused('query ($id: ID!) { job(id: $id) { id } }', { id: long }), [
    ['BAD_USER_INPUT', 'id has 900000 characters; 200 are allowed.'],
  ]);
  assert.deepEqual(await refused('query ($after: String) { jobs(after: $after) { totalCount } }', { after: long }), [
    ['BAD_USER_INPUT', 'after has 900000 characters; 4096 are allowed.'],
  ]);
  assert.deepEqual(await refused(jobs, { filter: { titleContains: 'x'.repeat(500), status: ['QUEUED'] } }), undefined);
});

test('a path and metadata without end are errors of the mutation', async () => {
  await using server = await openTestServer();
  const mutation =
    'mutation ($input: TranscribeInput!) { transcribe(input: $input) { ... on InvalidInputError { field message } } }';
  const said = async (input: Record<string, unknown>) => (await server.ask(mutation, { input })).data.transcribe;
  assert.deepEqual(await said({ media: { path: 'a/'.repeat(30_000) } }), {
    field: 'input.media.path',
    message: 'input.media.path must have at most 4096 bytes.',
  });
  // Nested too deep for JSON.stringify, here too.
  const nested = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  const input = `{"media":{"path":"speech.wav"},"metadata":${nested}}`;
  const { data } = await ask(server.url, `{"query":${JSON.stringify(mutation)},"variables":{"input":${input}}}`);
  assert.equal(data.transcribe.field, 'input.metadata');
});
