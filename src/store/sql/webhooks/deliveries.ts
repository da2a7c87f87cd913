import { setImmediate } from 'node:timers/promises';
import { type ExpressionBuilder, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { nanoid } from 'nanoid';
import type { Delivery, DeliveryAttempt, NotedAttempt, OutboxMessage, WebhookStore } from '../../webhooks.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, parseObject } from '../database/json.ts';
import { toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { callbacks } from './outbox.ts';

/** Rows without much in them: a slice takes milliseconds. */
const rowsPerSlice = 500;
/** Twenty of each of hundreds of callers; what is beyond has its turn at the next look. */
const maxLanes = 10_000;
const maxCounted = 100_000;

/** The messages that may be sent now. */
export async function dueMessages(
  connection: Connection,
  ...[inFlight, { perLane, most }]: Parameters<WebhookStore['dueMessages']>
): Promise<readonly OutboxMessage[]> {
  const due: OutboxMessage[] = [];
  const busy = Map.groupBy(inFlight, ({ lane }) => lane);
  for (const lane of fromAnywhere(await readLanes(connection))) {
    if (due.length >= most) break;
    const sent = busy.get(lane) ?? [];
    if (sent.length >= perLane) continue;
    const webhook = await readTarget(connection.db, lane);
    if (webhook !== null && webhook.disabled_at !== null) {
      await endLane(connection, lane);
      continue;
    }
    const rows = await selectDue(connection, lane, perLane);
    const waiting = rows.filter(({ id }) => !sent.some((message) => message.id === id));
    const own = await claim(connection, waiting.slice(0, perLane - sent.length));
    due.push(...own.map((row) => toMessage(row, webhook)));
    // Everybody else has a turn, however many webhooks there are.
    await setImmediate();
  }
  return due.slice(0, most);
}

/** Longer than an answer is waited for: who has not told by then what came of a message is gone. */
const claimMs = 60_000;

/** Those that this node is to send, as long as it is there: where several share the database, each message is given to one of them. */
async function claim(connection: Connection, rows: readonly DeliveryRow[]): Promise<readonly DeliveryRow[]> {
  const { node } = connection;
  if (node === null || rows.length === 0) return rows;
  const own = await commit(connection, async (tx) => {
    const time = await connection.now(tx);
    const claims = rows.map(({ number }) => ({ number, node, until: time + claimMs }));
    return tx
      .insertInto('delivery_claim')
      .values(claims.toSorted((a, b) => a.number - b.number))
      .onConflict((conflict) =>
        conflict
          .column('number')
          .doUpdateSet((eb) => ({ node: eb.ref('excluded.node'), until: eb.ref('excluded.until') }))
          .where((eb) => eb.or([eb('delivery_claim.node', '=', node), eb('delivery_claim.until', '<', time)])),
      )
      .returning('number')
      .execute();
  });
  const numbers = new Set(own.map(({ number }) => number));
  return rows.filter(({ number }) => numbers.has(number));
}

/** Items in their order, but from one that chance gives: where there is not room for all, the first ones are not always the same. */
function fromAnywhere<T>(items: readonly T[]): readonly T[] {
  const first = Math.floor(Math.random() * items.length);
  return [...items.slice(first), ...items.slice(0, first)];
}

/** The lanes in which something is due, found by stepping from one to the next in their index. */
async function readLanes({ db, now }: Connection): Promise<readonly string[]> {
  const time = await now(db);
  const { rows } = await sql<{ readonly lane: string }>`
    with recursive step(lane) as (
      select min(lane) from delivery where next_attempt_at is not null
      union all
      select (select min(lane) from delivery where next_attempt_at is not null and lane > step.lane)
      from step where step.lane is not null
    )
    select lane from step
    where (select min(next_attempt_at) from delivery where lane = step.lane and next_attempt_at is not null) <= ${time}
    limit ${maxLanes}`.execute(db);
  return rows.map(({ lane }) => lane);
}

type DeliveryRow = Selectable<Tables['delivery']>;

/** Of so many a look at what is before each takes a millisecond. */
const lookedAtOnce = 200;

/**
 * A message waits for those before it about the same job, also where they are tried again only later. However many wait so, such as for a job that is cancelled and
 * retried again and again: they are looked at page by page, and between two pages everybody else has a turn.
 */
async function selectDue({ db, now }: Connection, lane: string, limit: number): Promise<readonly DeliveryRow[]> {
  const time = await now(db);
  const found: number[] = [];
  for (let [after, number] = [-1, -1]; ; await setImmediate()) {
    const page = await db
      .selectFrom('delivery')
      .select((eb) => ['number', eb.ref('next_attempt_at').$castTo<number>().as('due'), hasEarlier(eb).as('waits')])
      .where('lane', '=', lane)
      .where('next_attempt_at', '<=', time)
      .where((eb) => eb(eb.refTuple('next_attempt_at', 'number'), '>', eb.tuple(after, number)))
      .orderBy('next_attempt_at')
      .orderBy('number')
      .limit(lookedAtOnce)
      .execute();
    found.push(...page.filter(({ waits }) => !waits).map((row) => row.number));
    const last = page.at(-1);
    if (last === undefined || found.length >= limit) break;
    [after, number] = [last.due, last.number];
  }
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('number', 'in', found.slice(0, limit))
    .where('next_attempt_at', '<=', time)
    .orderBy('next_attempt_at')
    .orderBy('number')
    .execute();
}

function hasEarlier(eb: ExpressionBuilder<Tables, 'delivery'>) {
  return eb.exists(
    eb
      .selectFrom('delivery as earlier')
      .select('earlier.number')
      .whereRef('earlier.lane', '=', 'delivery.lane')
      .whereRef('earlier.job_id', '=', 'delivery.job_id')
      .whereRef('earlier.number', '<', 'delivery.number')
      .where('earlier.next_attempt_at', 'is not', null),
  );
}

type Target = Pick<Selectable<Tables['webhook']>, 'url' | 'secret' | 'owner'> & {
  readonly disabled_at: number | null;
};

/** Where a lane leads to; null for callbacks. A webhook that is no more counts as disabled. */
async function readTarget(db: Kysely<Tables>, lane: string): Promise<Target | null> {
  if (lane.startsWith(callbacks)) return null;
  const columns = ['url', 'secret', 'owner', 'disabled_at'] as const;
  const row = await db.selectFrom('webhook').select(columns).where('id', '=', lane).executeTakeFirst();
  return row ?? { url: '', secret: '', owner: null, disabled_at: 0 };
}

/** Ends some of what is on its way in a lane; what is left is found by the next look. */
function endLane(connection: Connection, lane: string): Promise<void> {
  return commit(connection, async (tx) => {
    const some = tx
      .selectFrom('delivery')
      .select('number')
      .where('lane', '=', lane)
      .where('next_attempt_at', 'is not', null)
      .orderBy('next_attempt_at')
      .limit(rowsPerSlice);
    await tx
      .updateTable('delivery')
      .set({ next_attempt_at: null, data: null, problem: 'The webhook was disabled before this was sent.' })
      .where('number', 'in', some)
      .execute();
  });
}

function toMessage(row: DeliveryRow, webhook: Target | null): OutboxMessage {
  return {
    id: row.id,
    lane: row.lane,
    event: row.event,
    time: toDate(row.created_at),
    data: parseObject(row.data) ?? {},
    jobId: row.job_id,
    jobOwner: row.owner,
    url: webhook?.url ?? row.url ?? '',
    webhookId: row.webhook_id,
    owner: webhook === null ? row.owner : webhook.owner,
    secret: webhook?.secret ?? null,
    attempts: row.attempts,
  };
}

/** When the next message will be due; null = none. */
export async function nextDue({ db, now }: Connection): Promise<Date | null> {
  const next = await db
    .selectFrom('delivery')
    .select('next_attempt_at')
    .where('next_attempt_at', '>', await now(db))
    .orderBy('next_attempt_at')
    .limit(1)
    .executeTakeFirst();
  return toDate(next?.next_attempt_at ?? null);
}

/** Writes a ping, which nobody but who has asked for it sends. */
export function addPing(connection: Connection, webhookId: string): Promise<OutboxMessage | null> {
  return commit(connection, async (tx) => {
    const webhook = await tx.selectFrom('webhook').selectAll().where('id', '=', webhookId).executeTakeFirst();
    if (webhook === undefined) return null;
    const time = await connection.now(tx);
    const ping = { id: `msg_${nanoid()}`, lane: webhookId, webhook_id: webhookId, event: 'ping' } as const;
    const row = await tx
      .insertInto('delivery')
      .values({ ...ping, created_at: time })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toMessage(row, webhook);
  });
}

/** Writes what came of an attempt: where it goes on, or how it ended. */
export function noteAttempt(
  connection: Connection,
  id: string,
  attempt: DeliveryAttempt,
): Promise<NotedAttempt | null> {
  return commit(connection, async (tx) => {
    const time = await connection.now(tx);
    const retryMs = attempt.kind === 'FAILED' ? attempt.retryMs : null;
    const row = await tx
      .updateTable('delivery')
      .set((eb) => ({
        attempts: eb('attempts', '+', 1),
        status: attempt.status,
        problem: attempt.kind === 'FAILED' ? cleanText(attempt.problem) : null,
        delivered_at: attempt.kind === 'DELIVERED' ? time : null,
        ...(retryMs === null ? { next_attempt_at: null, data: null } : { next_attempt_at: time + retryMs }),
      }))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return null;
    if (connection.node !== null && row.next_attempt_at === null)
      await tx.deleteFrom('delivery_claim').where('number', '=', row.number).execute();
    if (attempt.kind === 'DELIVERED') await noteSuccess(tx, row, time);
    const isLost = attempt.kind === 'FAILED' && retryMs === null && attempt.isFinal !== true;
    const disabled = isLost && (await disable(tx, row, time));
    return { delivery: toDelivery(row), disabled };
  });
}

async function noteSuccess(tx: Transaction<Tables>, { webhook_id: id }: DeliveryRow, time: number): Promise<void> {
  if (id === null) return;
  await tx.updateTable('webhook').set({ succeeded_at: time, disabled_at: null }).where('id', '=', id).execute();
}

/** A webhook to which one message cannot be brought, and no other has been since that was written. A ping says nothing of five days. */
async function disable(tx: Transaction<Tables>, row: DeliveryRow, time: number): Promise<boolean> {
  if (row.webhook_id === null || row.event === 'ping') return false;
  const { numUpdatedRows } = await tx
    .updateTable('webhook')
    .set({ disabled_at: time })
    .where('id', '=', row.webhook_id)
    .where('disabled_at', 'is', null)
    .where((eb) => eb.or([eb('succeeded_at', 'is', null), eb('succeeded_at', '<', row.created_at)]))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** How many messages are on their way. */
export async function countOutbox(db: Kysely<Tables>): Promise<number> {
  const some = db.selectFrom('delivery').select('number').where('next_attempt_at', 'is not', null).limit(maxCounted);
  const { count } = await db
    .selectFrom(some.as('some'))
    .select((eb) => eb.fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Removes some old messages that are on their way no more; how many. */
export function trimDeliveries(connection: Connection, before: Date): Promise<number> {
  return commit(connection, async (tx) => {
    const rows = await tx
      .selectFrom('delivery')
      .select('number')
      .where('next_attempt_at', 'is', null)
      .where('created_at', '<', before.getTime())
      .orderBy('created_at')
      .limit(rowsPerSlice)
      .execute();
    const numbers = rows.map(({ number }) => number);
    if (numbers.length > 0) await tx.deleteFrom('delivery').where('number', 'in', numbers).execute();
    return numbers.length;
  });
}

/** The message of a row, as the owner of its webhook sees it. */
export function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    jobId: row.job_id,
    event: row.event,
    attempts: row.attempts,
    nextAttemptAt: toDate(row.next_attempt_at),
    deliveredAt: toDate(row.delivered_at),
    status: row.status,
    problem: row.problem,
  };
}
