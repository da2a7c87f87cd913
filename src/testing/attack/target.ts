import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, ask } from '../server.ts';

/** The server that is attacked, as the network sees it. */
export interface Target {
  readonly url: string;
  readonly host: string;
  /** Its media root; speech.wav lies in it. */
  readonly media: string;
  /** A folder beside the media root, with a recording that nobody may reach: secret.wav. */
  readonly outside: string;
  /** How hard to try: 1 within the tests, more in the bench. */
  readonly effort: number;
}

/** Sends an operation as JSON. */
export function operate({ url }: Target, query: string, variables: Record<string, unknown> = {}): Promise<Answer> {
  return ask(url, JSON.stringify({ query, variables }));
}

/** The codes of the errors of an answer. */
export function codesOf({ errors = [] }: Answer): readonly unknown[] {
  return errors.map(({ extensions }) => extensions['code']);
}

/** Writes bytes to the server by hand, and gives what it says until it closes, or says nothing for a while. */
export async function sayRaw(
  target: Target,
  bytes: string | Buffer,
  { patienceMs = 200, leaveAfterMs = -1 } = {},
): Promise<string> {
  const socket = await openRaw(target);
  let heard = '';
  const quiet = { timer: setTimeout(() => socket.destroy(), patienceMs) };
  socket.on('data', (chunk) => {
    heard += chunk.toString();
    quiet.timer.refresh();
  });
  socket.write(bytes);
  if (leaveAfterMs >= 0) {
    await sleep(leaveAfterMs);
    socket.destroy();
  }
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(quiet.timer);
  return heard;
}

export async function openRaw({ url }: Target): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname)
    .on('error', () => undefined)
    .setEncoding('latin1');
  await Promise.race([once(socket, 'connect'), new Promise((resolve) => socket.once('close', resolve))]);
  return socket;
}

/** A request by hand. */
export function rawRequest(
  { host }: Target,
  {
    method = 'POST',
    path = '/graphql',
    headers = {},
    body = '',
  }: {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
): string {
  const lines = Object.entries({ Host: host, Connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const length = method === 'GET' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [`${method} ${path} HTTP/1.1`, ...lines, ...length, '', body].join('\r\n');
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (?<code>\d+)/u.exec(answer)?.groups?.['code'] ?? 0);
}

/** Something that would hurt. It throws where the server is hurt; its twin, the nearest that a client may do, throws where that is refused. */
export interface Attack {
  readonly name: string;
  /** What stands against it, and where. */
  readonly defence: string;
  readonly attack: (target: Target) => Promise<void>;
  readonly twin: (target: Target) => Promise<void>;
}

export const json = { 'Content-Type': 'application/json' };
export const multipart = { 'Content-Type': 'multipart/form-data; boundary=x', 'apollo-require-preflight': '1' };
export const field = (name: string, value: string) =>
  `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
export const file = (name: string, bytes: string) =>
  `--x\r\nContent-Disposition: form-data; name="${name}"; filename="a.wav"\r\n\r\n${bytes}\r\n`;
export const uploadMutation =
  'mutation ($file: File!) { transcribe(input: { media: { upload: $file } }) { __typename } }';
export const parts = [
  field('operations', JSON.stringify({ query: uploadMutation, variables: { file: null } })),
  field('map', '{"0":["variables.file"]}'),
  file('0', 'RIFF and more'),
];

/** A multipart body of some parts, whole. */
export const bodyOf = (some: readonly string[]) => `${some.join('')}--x--\r\n`;

/** The status that an upload of these parts, a right one without them, is answered with. */
export async function upload(target: Target, some: readonly string[] = parts): Promise<number> {
  return statusOf(
    await sayRaw(target, rawRequest(target, { headers: multipart, body: bodyOf(some) }), { patienceMs: 10_000 }),
  );
}

export async function passes(target: Target, query: string, variables = {}): Promise<void> {
  const { status, errors } = await operate(target, query, variables);
  assert.deepEqual([status, errors], [200, undefined]);
}
