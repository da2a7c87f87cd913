import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, readConfig } from '#src/config/config.ts';
import { openLog } from '#src/logs/log.ts';
import { type RunningServer, startServer } from '#src/server.ts';
import { placeRecording } from './recordings.ts';

const root = join(import.meta.dirname, '../..');

/** A whole server on a free port with folders of its own, whose engine is a fixture unless `config` says otherwise. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** Its media root; speech.wav lies in it. */
  readonly media: string;
  readonly data: string;
  readonly config: Config;
  /** Log lines, parsed. */
  readonly logs: readonly Readonly<Record<string, unknown>>[];
  /** Sends an operation as JSON; the answer with its HTTP status. */
  ask(query: string, variables?: Record<string, unknown>): Promise<Answer>;
  /** Ends the server and starts another on the same folders. */
  again(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read answers of any shape
  readonly data: any;
  readonly errors?: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[];
}

/** The body of /ready. */
export interface Readiness {
  readonly status: string;
  readonly problems: readonly string[];
}

export interface TestServerOptions {
  /** Name of a file in runner/fixtures; speaks where absent. */
  readonly engine?: string;
  readonly server?: Partial<Config['server']>;
}

export async function openTestServer({ engine = 'speaks', server = {} }: TestServerOptions = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-'));
  const [media, data, models] = ['media', 'data', 'models'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(media);
  await placeRecording(join(root, 'samples/jfk.flac'), join(media, 'speech.wav'));
  await makeModel(join(models, 'base'));
  const config = configOf({
    listenPort: 0,
    dataDirectory: data,
    mediaRoots: [{ configured: media, path: media }],
    modelDirectory: models,
    engineCommand: [process.execPath, join(root, 'runner/fixtures/checked.ts'), engine],
    engineStopSeconds: 0.5,
    standby: 0,
    ...server,
  });
  const logs: Record<string, unknown>[] = [];
  let running = await start(config, logs);
  return {
    get url() {
      return running.url;
    },
    media,
    data,
    config,
    logs,
    ask: (query, variables = {}) => ask(running.url, JSON.stringify({ query, variables })),
    async again() {
      await running[Symbol.asyncDispose]();
      running = await start(config, logs);
    },
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

function configOf(server: Partial<Config['server']>): Config {
  const defaults = readConfig(root, {});
  return { ...defaults, server: { ...defaults.server, ...server } };
}

async function start(config: Config, logs: Record<string, unknown>[]): Promise<RunningServer> {
  const logger = openLog('debug', {
    write: (line) => {
      logs.push(JSON.parse(line));
    },
  });
  const nothing = () => undefined;
  return startServer(config, { logger, version: '0.0.0-test', role: 'all', leave: nothing, restart: nothing });
}

/** A folder that looks like a model; fixtures do not open it. */
async function makeModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const names = ['model.bin', 'config.json', 'tokenizer.json', 'vocabulary.json'];
  await Promise.all(names.map((name) => writeFile(join(folder, name), '{}')));
}

/** Posts a body as it is to the GraphQL address of a server. */
export async function ask(url: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, ...(JSON.parse(await response.text()) as Omit<Answer, 'status'>) };
}

/** What /ready tells, once it is as wanted. /health answers meanwhile. */
export async function readyTells(
  { url }: Pick<TestServer, 'url'>,
  wanted: (told: Readiness) => boolean,
): Promise<Readiness> {
  for (;;) {
    const told = (await (await fetch(`${url}/ready`)).json()) as Readiness;
    assert.equal((await fetch(`${url}/health`)).status, 200);
    if (wanted(told)) return told;
    await sleep(20);
  }
}

export const isReady = ({ status }: Readiness): boolean => status === 'READY';

/** Submits speech.wav and returns the id of its job. */
export async function submit(server: TestServer, input: Record<string, unknown> = {}): Promise<string> {
  const { data } = await server.ask(
    `mutation ($input: TranscribeInput!) {
      transcribe(input: $input) { ... on TranscribeSuccess { job { id } } ... on Error { code message } }
    }`,
    { input: { media: { path: 'speech.wav' }, ...input } },
  );
  const id: unknown = data.transcribe.job?.id;
  if (typeof id !== 'string') throw new Error(`not accepted: ${JSON.stringify(data)}`);
  return id;
}
