import { eventsOf } from './follow.ts';
import type { TestServer } from './server.ts';

/** Uploads a recording, waits until its job is finished, and returns the id. */
export async function upload(server: TestServer, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const form = new FormData();
  const query =
    'mutation ($file: File!) { transcribe(input: { media: { upload: $file } }) { ... on TranscribeSuccess { job { id } } } }';
  form.set('operations', JSON.stringify({ query, variables: { file: null } }));
  form.set('map', '{"0":["variables.file"]}');
  form.set('0', new Blob([bytes]), name);
  const headers = { 'apollo-require-preflight': 'true' };
  const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: form });
  const { data } = (await response.json()) as { data: { transcribe: { job: { id: string } } } };
  const { id } = data.transcribe.job;
  await eventsOf(server.url, id);
  return id;
}
