import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type GraphQLFormattedError, print } from 'graphql';
import type { FormattedExecutionResult } from 'graphql-ws';
import { JobEventsDocument, TranscribeDocument, type TranscribeInput, type TranscribeMutation } from './operations.ts';
import { iterate, openSocket } from './resuming.ts';
import type { JobEvent } from './transcript.ts';
import { send, type UploadProgress } from './upload.ts';

/** Where the server is, and an API key where it asks for one. */
export interface ClientOptions {
  /** Such as http://127.0.0.1:4000, with the path under which a proxy has it. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Told when the connection of subscriptions is lost, which then comes back by itself, and when it is there. */
  readonly onConnection?: (isThere: boolean) => void;
}

/** What the server refuses, with what to do about it. */
export class PhonographError extends Error {
  override readonly name = 'PhonographError';
  /** Such as MEDIA_REJECTED or QUEUE_FULL. */
  readonly code: string;
  readonly hint: string | null;

  constructor({
    code,
    message,
    hint,
  }: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
  }) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Options of a job, as TranscribeInput has them, and of sending it. */
export interface TranscribeOptions extends Omit<TranscribeInput, 'media'> {
  readonly onProgress?: (progress: UploadProgress) => void;
  readonly signal?: AbortSignal;
}

/** A program's or a page's way to one server. */
export type PhonographClient = ReturnType<typeof openClient>;

/** Opens no connection before something is asked. */
export function openClient({ url, token, onConnection }: ClientOptions) {
  const endpoint = new URL('graphql', url.endsWith('/') ? url : `${url}/`).href;
  const authorization: Readonly<Record<string, string>> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = openSocket({
    url: endpoint.replace(/^http/u, 'ws'),
    token,
    on: {
      connected: () => onConnection?.(true),
      // 1000: nothing is followed any more.
      closed: (event) => isCloseEvent(event) && event.code !== 1000 && onConnection?.(false),
    },
  });

  /** Asks once, over HTTP. */
  async function ask<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    signal: AbortSignal | null = null,
  ): Promise<Data> {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { ...authorization, 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: print(document), variables }),
      signal,
    });
    return dataOf(await response.json());
  }

  /** Uploads a recording and submits it. Throws a PhonographError where the server refuses it. */
  async function transcribe(file: Blob, { onProgress, signal, ...input }: TranscribeOptions = {}) {
    const form = new FormData();
    const variables = { input: { ...input, media: { upload: null } } };
    form.set('operations', JSON.stringify({ query: print(TranscribeDocument), variables }));
    form.set('map', JSON.stringify({ 0: ['variables.input.media.upload'] }));
    form.set('0', file);
    const headers = { ...authorization, 'apollo-require-preflight': 'true' };
    const answer = await send({ url: endpoint, headers, form, bytes: file.size, onProgress, signal });
    const { transcribe: result } = dataOf<{ readonly transcribe: TranscribeResult }>(JSON.parse(answer));
    if (result.__typename !== 'TranscribeSuccess') throw new PhonographError(result);
    return result.job;
  }

  /** What a subscription brings, through lost connections, until the server ends it. */
  async function* subscribe<Data, Variables extends Readonly<Record<string, unknown>>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    signal?: AbortSignal,
  ): AsyncGenerator<Data, undefined, undefined> {
    const query = print(document);
    const results = iterate<FormattedExecutionResult<Data>>(
      (sink) => socket.subscribe({ query, variables: { ...variables } }, sink),
      signal,
    );
    try {
      for await (const result of results) yield dataOf<Data>(result);
    } catch (error) {
      throw error instanceof Error ? error : errorOf(error);
    }
  }

  /** The events of a job after the one with this number, each once, through lost connections, until the job has ended. */
  async function* follow(
    job: string | { readonly id: string },
    { after = 0, signal }: { readonly after?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<JobEvent, undefined, undefined> {
    const variables = { id: typeof job === 'string' ? job : job.id, after };
    for await (const { jobEvents } of subscribe(JobEventsDocument, variables, signal)) yield jobEvents;
  }

  return { ask, subscribe, transcribe, follow, dispose: () => socket.dispose() };
}

function isCloseEvent(event: unknown): event is CloseEvent {
  return typeof event === 'object' && event !== null && 'code' in event;
}

type TranscribeResult = TranscribeMutation['transcribe'];

function dataOf<Data>({ data, errors }: FormattedExecutionResult<Data>): Data {
  if (errors !== undefined || !data) throw errorOf(errors);
  return data;
}

/** What the body of an answer refuses with, whatever the answer is to: errors as GraphQL has them. Null where it is no such body. */
export function refusalIn(body: string): PhonographError | null {
  try {
    const { errors }: { readonly errors?: unknown } = JSON.parse(body);
    return Array.isArray(errors) && errors.length > 0 ? errorOf(errors) : null;
  } catch {
    return null;
  }
}

/** Of the errors of an answer, or of the event with which a socket was closed for good. */
function errorOf(told: unknown): PhonographError {
  if (Array.isArray(told) && told.length > 0) {
    const { message, extensions = {} }: GraphQLFormattedError = told[0];
    const { code, hint } = extensions;
    return new PhonographError({ message, code: String(code), hint: typeof hint === 'string' ? hint : null });
  }
  const { code, reason }: Partial<CloseEvent> = told ?? {};
  return new PhonographError({
    code: 'CONNECTION_CLOSED',
    message: `The connection was closed: ${code} ${reason}`,
    hint: null,
  });
}
