import { setTimeout as sleep } from 'node:timers/promises';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import pRetry from 'p-retry';
import { openClient, type PhonographClient, PhonographError } from '../js/client.ts';
import { CommandError, exitCodes } from './errors.ts';
import { type LocalServerNeeds, openLocalServer } from './local-server.ts';
import { AbilitiesDocument, HelloDocument, type HelloQuery, QueueDocument } from './operations.ts';

/** The server was not there, or not all of its answer came. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';

  constructor(cause: unknown) {
    super('The server does not answer.', { cause });
  }
}

/** Options that every command has. */
export interface GlobalOptions {
  /** Where the server is; one of this machine where absent. */
  readonly server?: string;
  /** One JSON object a line, for programs. */
  readonly json?: boolean;
}

/** The way to the server for as long as a command runs. */
export interface Session extends AsyncDisposable {
  readonly url: string;
  readonly client: PhonographClient;
  /** With the API key, for what is asked beside GraphQL. */
  readonly headers: Readonly<Record<string, string>>;
  readonly viewer: HelloQuery['viewer'];
  /** Whether this program has started the server, which ends with it. It may come to that later. */
  readonly isOwn: boolean;
  /** Aborts when the command is to end, or when a server of its own has ended. */
  readonly signal: AbortSignal;
  /** Asks once; where the server does not answer, again until it does. */
  ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>;
  /** Does it again, for as long as the server does not answer. */
  persist<T>(attempt: () => Promise<T>): Promise<T>;
  /** Throws where the server's schema has no such field of an input: it is an older one. */
  require(input: 'options' | 'media', field: string, what: string): Promise<void>;
  /** Waits until the server has nothing to do. */
  untilIdle(): Promise<void>;
}

/** Uses the server that was named, else the one of this machine, else starts one that ends with the session. Throws a CommandError. */
export async function openSession({ server }: GlobalOptions, needs: LocalServerNeeds): Promise<Session> {
  const named = server ?? (process.env['PHONOGRAPH_URL'] || undefined);
  if (named !== undefined) return await connect(checkedUrl(named), needs);
  await using stack = new AsyncDisposableStack();
  const local = stack.use(await openLocalServer(needs));
  const session = await connect(local.url, { ...needs, signal: AbortSignal.any([needs.signal, local.failed]) });
  const owned = stack.move();
  const dispose = async () => {
    await session[Symbol.asyncDispose]();
    await owned.disposeAsync();
  };
  return {
    ...session,
    get isOwn() {
      return local.isOwn;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** Beside what was asked for, which goes to stdout. */
export function sayAside(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Runs what needs a server for a moment. */
export async function withSession(options: GlobalOptions, run: (session: Session) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => stop.abort(new CommandError('', exitCodes.interrupted)));
  }
  await using session = await openSession(options, { signal: stop.signal, say: sayAside });
  await run(session);
}

function checkedUrl(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || !/^https?:$/u.test(url.protocol)) {
    throw new CommandError(
      `${text} is no address of a server.`,
      exitCodes.usage,
      'Give one such as http://127.0.0.1:4000.',
    );
  }
  return url.href.replace(/\/(?:graphql)?$/u, '');
}

async function connect(url: string, { signal, say }: LocalServerNeeds): Promise<Session> {
  const token = process.env['PHONOGRAPH_API_KEY'] || undefined;
  let isLost = false;
  const onConnection = (isUp: boolean) => {
    if (isUp !== isLost || signal.aborted) return;
    isLost = !isUp;
    say(isUp ? 'The server is there again.' : 'The server does not answer; waiting for it.');
  };
  const client = openClient({ url, token, onConnection });
  const hello = await client.ask(HelloDocument, {}, signal).catch((error: unknown) => {
    throw isUnreachable(error) ? unreachable(url, error) : error;
  });
  const persist: Session['persist'] = async (attempt) => {
    const answer = await pRetry(attempt, {
      retries: Infinity,
      minTimeout: 250,
      maxTimeout: 5000,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => isPassing(error),
      onFailedAttempt: ({ error }) => {
        if (isUnreachable(error)) onConnection(false);
      },
    });
    onConnection(true);
    return answer;
  };
  const ask: Session['ask'] = (document, variables) => persist(() => client.ask(document, variables, signal));
  return {
    url,
    client,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    viewer: hello.viewer,
    isOwn: false,
    signal,
    ask,
    persist,
    require: requirer(ask, url),
    untilIdle: () => untilIdle(ask, signal),
    [Symbol.asyncDispose]: async () => {
      await client.dispose();
    },
  };
}

function requirer(ask: Session['ask'], url: string): Session['require'] {
  let abilities: ReturnType<typeof read> | undefined;
  // A server that shows its schema to nobody is believed to be able.
  const read = () =>
    ask(AbilitiesDocument, {}).catch((error: unknown) => {
      if (error instanceof PhonographError) return null;
      throw error;
    });
  return async (input, field, what) => {
    const fields = (await (abilities ??= read()))?.[input]?.inputFields;
    if (!fields || fields.some(({ name }) => name === field)) return;
    throw new CommandError(
      `The server at ${url} cannot do that: ${what}.`,
      exitCodes.failed,
      'It is of an older version.',
    );
  };
}

const lookMs = 1000;

async function untilIdle(ask: Session['ask'], signal: AbortSignal): Promise<void> {
  for (;;) {
    const { queued, working, paused } = (await ask(QueueDocument, {})).server.queue;
    if (working === 0 && (queued === 0 || paused)) return;
    await sleep(lookMs, undefined, { signal });
  }
}

/** Nobody answered, or something that is no Phonograph, as a proxy does while the server behind it is away. */
function isUnreachable(error: unknown): boolean {
  // By these words fetch tells that there was no connection, or that it broke off.
  const isLost = error instanceof TypeError && /^(?:fetch failed|terminated)$/u.test(error.message);
  return isLost || error instanceof SyntaxError || error instanceof UnreachableError;
}

function isPassing(error: unknown): boolean {
  return isUnreachable(error) || (error instanceof PhonographError && error.code === 'TOO_MANY_REQUESTS');
}

function unreachable(url: string, cause: unknown): CommandError {
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : '';
  const said =
    cause instanceof SyntaxError ? `What answers at ${url} is no Phonograph.` : `No server answers at ${url}.`;
  return new CommandError(
    [said, reason].join(' ').trim(),
    exitCodes.unavailable,
    'Start one with: npx phonograph serve',
  );
}

/** What helps on the command line, where the server's hint is for programs. */
const hints: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'Put an API key into PHONOGRAPH_API_KEY.',
  MODEL_NOT_INSTALLED:
    'Download it with: phonograph models download MODEL, or choose another mode; phonograph models lists them.',
};

/** What the program ends with, of anything that was thrown. */
export function asCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (!(error instanceof PhonographError))
    return new CommandError(error instanceof Error ? error.message : String(error));
  const isRefused = error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN';
  const hint = hints[error.code] ?? error.hint;
  return new CommandError(error.message, isRefused ? exitCodes.forbidden : exitCodes.failed, hint);
}
