import type { IncomingMessage } from 'node:http';
import {
  type ExecutionArgs,
  getNamedType,
  type GraphQLNamedOutputType,
  isAbstractType,
  isObjectType,
  parse,
  subscribe,
} from 'graphql';
import type { RequestContext } from '#resolvers/context.ts';
import { schema } from '#schema/index.ts';
import { RequestError } from '../errors.ts';
import { isFinished, type Job } from '../jobs/job.ts';
import type { FanOut } from './fan-out/fan-out.ts';
import { eventStreamOutlet, framingOf } from './fan-out/outlet.ts';
import type { FileRequest } from './file-response.ts';
import { streamShared } from './stream-results.ts';

/** The events of a job with all their fields but the job itself, as the schema has them. */
const document = parse(
  `subscription ($id: ID!, $after: SafeInt) { jobEvents(id: $id, after: $after) { __typename ${fieldsOf(eventType())} } }`,
);

function eventType(): GraphQLNamedOutputType {
  const field = schema.getSubscriptionType()?.getFields()['jobEvents'];
  if (field === undefined) throw new Error('The schema has no jobEvents.');
  return getNamedType(field.type);
}

function fieldsOf(type: GraphQLNamedOutputType): string {
  if (isAbstractType(type)) {
    return schema
      .getPossibleTypes(type)
      .map((each) => `... on ${each.name} { ${fieldsOf(each)} }`)
      .join(' ');
  }
  if (!isObjectType(type)) return '';
  const fields = Object.values(type.getFields()).filter(({ name }) => name !== 'job');
  return fields
    .map((field) => [field.name, fieldsOf(getNamedType(field.type))])
    .map(([name, inner]) => (inner === '' ? name : `${name} { ${inner} }`))
    .join(' ');
}

/** Browsers would wait for three to five seconds before they come back. */
const retryMs = 1000;

/** A request for the events of a job, with who asks. */
export interface EventsRequest extends FileRequest {
  readonly context: RequestContext;
  readonly fanOut: FanOut;
}

/**
 * Answers with the events of a job as server-sent events for a plain EventSource: each as JSON with its number as id, which a browser that comes back
 * gives as Last-Event-ID. After the last event of a job that is finished comes an event `complete`, and whoever comes back then is told by 204 not to.
 */
export async function answerEvents(
  { request, response, context, fanOut }: EventsRequest,
  { id, status, lastEventSeq }: Job,
  query: string,
): Promise<void> {
  const after = readAfter(request, query);
  if (isFinished(status) && after === lastEventSeq) {
    response.writeHead(204).end();
    return;
  }
  const outlet = eventStreamOutlet(response, framing);
  const args = { schema, document, variableValues: { id, after }, contextValue: context };
  const membership = await fanOut(args, outlet);
  if (membership === null) throw await reasonOf(args);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write(`retry: ${retryMs}\n\n`);
  await streamShared(response, membership);
  response.end('event: complete\ndata: {}\n\n');
}

/** Why a subscription is not shared: what it says when it begins by itself. */
async function reasonOf(args: ExecutionArgs): Promise<unknown> {
  const result = await subscribe(args);
  if (!('errors' in result)) return new Error('The events of a job are not shared.');
  return result.errors?.[0]?.originalError;
}

/** An event as an EventSource takes it: as the document above asks for it, which nothing can go wrong with. */
function frame(json: string): string {
  const { data }: { readonly data: { readonly jobEvents: { readonly seq: number } } } = JSON.parse(json);
  return `id: ${data.jobEvents.seq}\ndata: ${JSON.stringify(data.jobEvents)}\n\n`;
}

const framing = framingOf(frame);

/** After which event to begin: the last that the client has had, else what its address says. Throws BAD_USER_INPUT. */
function readAfter({ headers }: IncomingMessage, query: string): number {
  const given = new URLSearchParams(query);
  const others = [...given.keys()].filter((name) => name !== 'after');
  if (others.length > 0) throw new RequestError('BAD_USER_INPUT', `There is no option ${others[0]}; there is after.`);
  const text = headers['last-event-id'] ?? given.get('after') ?? '0';
  if (typeof text === 'string' && /^\d{1,15}$/u.test(text)) return Number(text);
  throw new RequestError('BAD_USER_INPUT', 'after, or Last-Event-ID, must be the number of an event.');
}
