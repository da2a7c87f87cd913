import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import type { Log } from '../../logs/log.ts';
import { openGuardedAgent } from '../../media/address-guard.ts';
import type { Notifier } from '../../store/notifier.ts';
import type { JobReader } from '../../store/store.ts';
import type { Delivery, OutboxMessage, WebhookStore } from '../../store/webhooks.ts';
import type { Metrics } from '../metrics.ts';
import { repeat } from '../repeat.ts';
import { retry } from '../retry.ts';
import { openWakeUp } from '../wake-up.ts';
import { type Outcome, send, type Sender } from './send.ts';

/** Sends what the outbox of the store holds, until it is disposed of. */
export interface Outbox extends AsyncDisposable {
  /** Sends a ping now; what came back, or null where there is no such webhook. */
  ping(webhookId: string): Promise<Delivery | null>;
}

/** What messages are sent with. */
export interface OutboxParts extends Pick<Sender, 'keys' | 'urls'> {
  readonly store: WebhookStore & Pick<JobReader, 'job'>;
  readonly notifier: Pick<Notifier, 'listen'>;
  readonly metrics: Pick<Metrics, 'messageTried'>;
  readonly config: Pick<Config, 'usesEnvProxy'> & {
    readonly server: Pick<Config['server'], 'urlAllowedCidrs' | 'webhookSecret'>;
  };
  readonly log: Log;
  /** Pauses after failures; those below where absent. */
  readonly pausesMs?: readonly number[];
  /** How long an answer is waited for. */
  readonly answerMs?: number;
}

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

/**
 * After each failure, until the message is given up: five days, as Standard Webhooks advises ("Deliverability and reliability") in growing pauses. The number of
 * attempts counts and not the time, so that a server which was off for days gives nothing up.
 */
const usualPausesMs: readonly number[] = [5 * second, minute, 5 * minute, 30 * minute].concat(
  [2, 5, 10, 14, 20, 23, 23, 23].map((hours) => hours * hour),
);
/** What receivers have to answer in: 15 to 30 s are usual (Standard Webhooks, "Timeouts"). */
const usualAnswerMs = 15_000;
/** Up to this part is added, so that what failed together is not tried together. */
const jitter = 0.05;

/** Who answers slowly holds up only what is for it, and even that not wholly. */
const perLane = 2;
/** Far more than one caller can have on their way: 20 webhooks and its callbacks, two of each. */
const mostInFlight = 256;
/** Ends of jobs within this time are one. */
const wakeMs = 50;
/** For what this process is not told of, such as a clock that was set. */
const slowTickMs = 30_000;
/** After the store did not answer, such as on a full disk. */
const troubleMs = 5000;
/** How long a stop waits for answers; what has none by then is sent again by the next start. */
const lastAnswersMs = 1000;
const [trimEveryMs, keptMs] = [hour, 30 * day];

/** Begins to send. */
export function startOutbox(parts: OutboxParts): Outbox {
  const { store, config, answerMs = usualAnswerMs } = parts;
  const { urlAllowedCidrs: allowedCidrs, webhookSecret: callbackSecret } = config.server;
  const agent = openGuardedAgent({ allowedCidrs, usesEnvProxy: config.usesEnvProxy });
  const giveUp = new AbortController();
  const attempt = openAttempts(parts, { ...parts, agent, callbackSecret, answerMs }, giveUp.signal);
  const sending = startSending(parts, attempt, giveUp);
  const trimming = startTrimming(parts);
  return {
    async ping(webhookId) {
      const message = await store.addPing(webhookId);
      return message === null ? null : attempt(message, [], (...tried) => store.noteAttempt(...tried));
    },
    async [Symbol.asyncDispose]() {
      await trimming[Symbol.asyncDispose]();
      await sending[Symbol.asyncDispose]();
      await agent.destroy();
    },
  };
}

type Note = WebhookStore['noteAttempt'];
type Attempt = (message: OutboxMessage, pausesMs: readonly number[], note: Note) => Promise<Delivery | null>;

/** What sends a message once, has it noted what came of it, and tells the log. */
function openAttempts({ metrics, log }: OutboxParts, sender: Sender, giveUp: AbortSignal): Attempt {
  return async (message, pausesMs, note) => {
    const outcome = await send(message, sender, giveUp);
    const retryMs = retryMsAfter(outcome, message, pausesMs);
    const noted = await note(message.id, outcome.kind === 'DELIVERED' ? outcome : { ...outcome, retryMs });
    metrics.messageTried(outcome.kind === 'DELIVERED' ? 'delivered' : retryMs === null ? 'given up' : 'failed');
    const place = { message: message.id, webhook: message.webhookId, job: message.jobId ?? undefined };
    if (outcome.kind === 'DELIVERED') log.debug({ ...place, status: outcome.status }, 'webhook message delivered');
    else if (retryMs !== null || message.event === 'ping')
      log.debug({ ...place, problem: outcome.problem }, 'webhook message not delivered');
    else log.warn({ ...place, problem: outcome.problem, attempts: message.attempts + 1 }, 'webhook message given up');
    if (noted?.disabled === true) log.warn({ webhook: message.webhookId }, 'webhook disabled');
    return noted?.delivery ?? null;
  };
}

/** Sends what is due, and goes on until it is disposed of; answers that are on their way are waited for a moment, then given up. */
function startSending(
  { store, notifier, log, pausesMs = usualPausesMs }: OutboxParts,
  attempt: Attempt,
  giveUp: AbortController,
): AsyncDisposable {
  const stopping = new AbortController();
  const wakeUp = openWakeUp();
  const inFlight = new Map<OutboxMessage, Promise<void>>();
  /** Until it is written that a message was sent, it would be sent again: however long the disk is full, it stays in flight. */
  const note: Note = (...tried) =>
    retry(() => store.noteAttempt(...tried), { log, what: 'noteAttempt', signal: giveUp.signal });

  async function sendOne(message: OutboxMessage): Promise<void> {
    try {
      await attempt(message, pausesMs, note);
    } catch (err) {
      if (giveUp.signal.aborted) return;
      log.error({ err, message: message.id }, 'webhook message not sent');
      await sleep(troubleMs, undefined, { signal: giveUp.signal }).catch(() => undefined); // Aborted: that is the end.
    } finally {
      inFlight.delete(message);
      wakeUp.wake();
    }
  }

  /** How long nothing else will be due. */
  async function look(): Promise<number> {
    const most = mostInFlight - inFlight.size;
    if (most === 0) return slowTickMs;
    // First, or what becomes due between both would be in neither.
    const next = await store.nextDue();
    for (const message of await store.dueMessages([...inFlight.keys()], { perLane, most })) {
      if (!stopping.signal.aborted) inFlight.set(message, sendOne(message));
    }
    return next === null ? slowTickMs : Math.min(slowTickMs, Math.max(0, next.getTime() - Date.now()));
  }

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      const pauseMs = await look().catch((err: unknown) => {
        log.error({ err }, 'webhook messages not read');
        return troubleMs;
      });
      if (!stopping.signal.aborted) await wakeUp.sleep(pauseMs);
    }
  }

  const working = work();
  // Whatever ends a job changes the queue; whoever waits for a job is told of the same, and goes first.
  let timer: NodeJS.Timeout | undefined;
  const lookLater = () => {
    timer = undefined;
    wakeUp.wake();
  };
  const listening = notifier.listen('queue', () => {
    timer ??= setTimeout(lookLater, wakeMs);
  });
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      listening[Symbol.dispose]();
      clearTimeout(timer);
      wakeUp.wake();
      await working;
      await Promise.race([Promise.all(inFlight.values()), sleep(lastAnswersMs, undefined, { ref: false })]);
      giveUp.abort();
      await Promise.all(inFlight.values());
    },
  };
}

/** Forgets messages that are on their way no more, now and every hour. */
function startTrimming({ store, log }: OutboxParts): AsyncDisposable {
  return repeat(
    trimEveryMs,
    async (signal) => {
      const before = new Date(Date.now() - keptMs);
      while (!signal.aborted && (await store.trimDeliveries(before)) > 0) await setImmediate();
    },
    (err) => log.error({ err }, 'old webhook messages not removed'),
  );
}

function retryMsAfter(outcome: Outcome, { attempts }: OutboxMessage, pausesMs: readonly number[]): number | null {
  if (outcome.kind === 'DELIVERED' || outcome.isFinal) return null;
  const pauseMs = pausesMs[attempts];
  return pauseMs === undefined ? null : Math.round(pauseMs * (1 + Math.random() * jitter));
}
