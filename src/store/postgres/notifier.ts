import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { Client } from 'pg';
import type { Notifier, Topic } from '../notifier.ts';
import type { Tables } from '../sql/database/tables.ts';
import { type Ear, openLookout } from './lookout.ts';
import { clientConfig, type PostgresAddress } from './address.ts';

const channel = 'phonograph';
/** At most one notification in so long: a transaction that commits with one keeps all others from committing, measured at a tenth of their rate. */
const sendMs = 50;
/** Of the 8000 bytes that PostgreSQL takes. */
const payloadBytes = 7900;
/** So many are kept while the connection is lost; of more nobody is told, and everybody finds them. */
const mostHints = 10_000;
/** Nothing else finds out that packets vanish. */
const [pingMs, pingTimeoutMs] = [10_000, 5000];
const reconnectMs = 500;
const endMs = 500;
/** A database that is away by then is waited for meanwhile. */
const firstLineMs = 2000;
/** So often everybody looks for what nobody was told of: by a node that ended before it could, or while the connection was lost. */
const lookMs = 1000;

/** A topic and its key. */
type Hint = readonly [Topic, string];

interface Nodes {
  readonly address: PostgresAddress;
  readonly notifier: Notifier;
  readonly db: Kysely<Tables>;
}

/**
 * Has listeners on other nodes hear what this node notifies of, and its own what others notify of. A hint may be lost, and then everybody finds what has changed
 * within seconds. Nothing is sent within a transaction, so that nobody waits for it.
 */
export async function connectNodes({ address, notifier, db }: Nodes): Promise<AsyncDisposable> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const outbox = openOutbox(notifier);
  const lookout = openLookout(db, outbox);
  const hearing = Promise.withResolvers<void>();
  let lines = 0;
  const begin = async () => {
    hearing.resolve();
    lines += 1;
    if (lines === 1) return;
    // What was told since the last one was lost nobody has heard.
    outbox.hear(['setting', '']);
    outbox.hear(['worker', '']);
    await look();
  };
  const look = () => lookout.look().catch(() => undefined); // The database is away: the next look finds what this one has not.
  const loops = [
    untilAborted(signal, lookMs, look),
    untilAborted(signal, reconnectMs, async () => {
      await using line = openLine(address, outbox, signal);
      await line.talk(begin).catch(() => undefined); // It is lost, and another is opened.
    }),
  ];
  await Promise.race([hearing.promise, sleep(firstLineMs)]);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      outbox[Symbol.dispose]();
      await Promise.all(loops);
    },
  };
}

async function untilAborted(signal: AbortSignal, pauseMs: number, act: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) {
    await act();
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // The pause is over.
  }
}

/** But for what is installed on a node's own disk. */
const topics = ['job', 'jobDeleted', 'queue', 'log', 'setting', 'worker', 'model'] as const satisfies readonly Topic[];

/** What is to be told to other nodes. */
interface Outbox extends Disposable, Ear {
  /** Takes what is to be sent, as payloads; they are small enough each. */
  readonly take: () => readonly string[];
  /** Is called once there is something to be taken. */
  onFilled: () => void;
}

/** Of what was heard so long ago nobody asks. */
const heardMs = 5000;

function openOutbox(notifier: Notifier): Outbox {
  const waiting = new Set<string>();
  let heard = new Map<string, number>();
  let before = new Map<string, number>();
  let turnedAt = performance.now();
  let isFromOthers = false;
  const note = (hint: string) => {
    if (performance.now() - turnedAt > heardMs) [heard, before, turnedAt] = [new Map(), heard, performance.now()];
    heard.set(hint, performance.now());
  };
  const listening = topics.map((topic) =>
    notifier.listen(topic, (key) => {
      const hint = JSON.stringify([topic, key]);
      note(hint);
      if (isFromOthers || waiting.size >= mostHints) return;
      waiting.add(hint);
      outbox.onFilled();
    }),
  );
  const outbox: Outbox = {
    hear([topic, key]) {
      isFromOthers = true;
      try {
        notifier.notify(topic, key);
      } finally {
        isFromOthers = false;
      }
    },
    lastHeard(hint) {
      const text = JSON.stringify(hint);
      return heard.get(text) ?? before.get(text) ?? Number.NEGATIVE_INFINITY;
    },
    take() {
      const payloads = inPayloads([...waiting]);
      waiting.clear();
      return payloads;
    },
    onFilled: () => undefined,
    [Symbol.dispose]() {
      for (const each of listening) each[Symbol.dispose]();
    },
  };
  return outbox;
}

/** Hints as lists in JSON. */
function inPayloads(hints: readonly string[]): readonly string[] {
  const payloads: string[][] = [];
  let bytes = payloadBytes;
  for (const hint of hints) {
    const size = Buffer.byteLength(hint) + 1;
    // No key is so long; a hint that is too large would keep all others from being sent.
    if (size > payloadBytes / 2) continue;
    bytes += size;
    if (bytes > payloadBytes) {
      payloads.push([]);
      bytes = size + 200;
    }
    payloads.at(-1)?.push(hint);
  }
  return payloads.map((some) => `[${some.join()}]`);
}

/** One connection that hears and tells. */
function openLine(address: PostgresAddress, outbox: Outbox, signal: AbortSignal) {
  const client = new Client({ ...clientConfig(address), query_timeout: pingTimeoutMs });
  const lost = Promise.withResolvers<'lost'>();
  const end = () => lost.resolve('lost');
  client.on('error', end);
  client.on('end', end);
  signal.addEventListener('abort', end, { once: true });
  client.on('notification', ({ processId, payload = '[]' }) => {
    if (processId !== ownProcess(client)) for (const hint of parseHints(payload)) outbox.hear(hint);
  });
  return {
    /** Hears and tells until the connection is lost; `begin` is called once it hears. */
    async talk(begin: () => Promise<unknown>): Promise<void> {
      if (signal.aborted) return;
      await client.connect();
      await client.query(`listen ${channel}`);
      await begin();
      for (;;) {
        const filled = Promise.withResolvers<'filled'>();
        outbox.onFilled = () => filled.resolve('filled');
        const payloads = outbox.take();
        if (payloads.length > 0) {
          await client.query('select pg_notify($1, payload) from unnest($2::text[]) as payload', [channel, payloads]);
          if ((await Promise.race([lost.promise, sleep(sendMs)])) === 'lost') return;
          continue;
        }
        const pause = new AbortController();
        const ping = sleep(pingMs, 'ping' as const, { signal: pause.signal }).catch(() => 'ping' as const);
        const happened = await Promise.race([lost.promise, filled.promise, ping]);
        pause.abort();
        if (happened === 'lost') return;
        if (happened === 'ping') await client.query('select 1');
      }
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', end);
      outbox.onFilled = () => undefined;
      // One that was lost, or never was, may never tell that it has ended.
      await Promise.race([client.end(), sleep(endMs)]);
    },
  };
}

/** PostgreSQL tells whoever listens what that one has sent itself, too. */
function ownProcess(client: Client): number | undefined {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined;
}

function parseHints(payload: string): readonly Hint[] {
  try {
    const hints: unknown = JSON.parse(payload);
    return Array.isArray(hints) ? hints.filter(isHint) : [];
  } catch {
    // Another program's.
    return [];
  }
}

function isHint(value: unknown): value is Hint {
  if (!Array.isArray(value)) return false;
  const [topic, key]: readonly unknown[] = value;
  return typeof key === 'string' && topics.some((each) => each === topic);
}
