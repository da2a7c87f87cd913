import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What GraphiQL opens with: something to ask, something to do, something to follow. */
const firstSteps = `# Phonograph. Run one of these with Ctrl-Enter and choose it by its name.
# Documentation of every field: the book on the left.

query Overview {
  server { version status engine { ready fasterWhisper problem } queue { queued working slots } }
  jobs(first: 10) {
    totalCount
    edges { node { id status media { name durationSeconds } progress { stage fraction } transcript } }
  }
}

# Give a path under a media root of the server; then follow the job by its id.
mutation Transcribe {
  transcribe(input: { media: { path: "jfk.flac" } }) {
    __typename
    ... on TranscribeSuccess { job { id status } }
    ... on Error { code message hint }
  }
}

# Every event of a job, the stored ones first; \`after: N\` goes on from event N.
subscription Follow($id: ID!) {
  jobEvents(id: $id) {
    __typename
    seq
    ... on JobStatusChanged { status }
    ... on JobProgressed { progress { stage fraction etaSeconds } }
    ... on JobLanguageDetected { language { code probability } }
    ... on JobSegmentsAdded { segments { startSeconds endSeconds text } }
  }
}

# Every job that changes, as it changes.
subscription Watch {
  jobChanged { id status progress { stage fraction } }
}
`;

/** Whether a browser asks for the page. */
export function wantsGraphiql({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true;
}

/** The page runs nothing by itself, so it needs no API key; its operations need one, in its header editor. */
export function answerGraphiql(response: ServerResponse): void {
  // Over SSE what stands in the header editor goes with subscriptions too; the page sends none with a WebSocket.
  const page = renderGraphiQL({ title: 'Phonograph', defaultQuery: firstSteps, subscriptionsProtocol: 'SSE' });
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(page) });
  response.end(page);
}
