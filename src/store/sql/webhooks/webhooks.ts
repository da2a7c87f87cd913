import type { Kysely, Selectable } from 'kysely';
import { nanoid } from 'nanoid';
import {
  maxWebhooksPerCaller,
  type NewWebhook,
  type Webhook,
  type WebhookEvent,
  webhookEvents,
  type WebhookStore,
} from '../../webhooks.ts';
import { commit, type Connection } from '../database/connection.ts';
import { parseTexts, toJson } from '../database/json.ts';
import { toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { addPing, countOutbox, dueMessages, nextDue, noteAttempt, trimDeliveries, toDelivery } from './deliveries.ts';

/** Webhooks and the messages to them. */
export function webhookStore(connection: Connection): WebhookStore {
  const { db } = connection;
  return {
    webhooks: async () => (await selectWebhooks(db).orderBy('created_at').orderBy('id').execute()).map(toWebhook),
    async webhook(id) {
      const row = await selectWebhooks(db).where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toWebhook(row);
    },
    addWebhook: (webhook) => addWebhook(connection, webhook),
    deleteWebhook: (id) =>
      commit(connection, async (tx) => {
        const { numDeletedRows } = await tx.deleteFrom('webhook').where('id', '=', id).executeTakeFirst();
        return numDeletedRows > 0n;
      }),
    async deliveries(webhookId, limit) {
      const rows = db.selectFrom('delivery').selectAll().where('webhook_id', '=', webhookId);
      return (await rows.orderBy('number', 'desc').limit(limit).execute()).map(toDelivery);
    },
    addPing: (webhookId) => addPing(connection, webhookId),
    dueMessages: (...args) => dueMessages(connection, ...args),
    nextDue: () => nextDue(connection),
    noteAttempt: (id, attempt) => noteAttempt(connection, id, attempt),
    countOutbox: () => countOutbox(db),
    trimDeliveries: (before) => trimDeliveries(connection, before),
  };
}

function addWebhook(
  connection: Connection,
  { url, events, secret, owner, everyJob }: NewWebhook,
): Promise<Webhook | null> {
  return commit(connection, async (tx) => {
    await connection.reserve(tx, `webhooks of ${owner ?? ''}`);
    const { count } = await tx
      .selectFrom('webhook')
      .select((eb) => eb.fn.countAll().as('count'))
      .where('owner', 'is not distinct from', owner)
      .executeTakeFirstOrThrow();
    if (Number(count) >= maxWebhooksPerCaller) return null;
    const row = {
      id: `webhook_${nanoid()}`,
      url,
      events: toJson(events),
      secret,
      owner,
      every_job: everyJob ? 1 : 0,
      created_at: await connection.arrival(tx),
    } as const;
    await tx.insertInto('webhook').values(row).execute();
    return toWebhook({ ...row, disabled_at: null });
  });
}

/** Everything but the secret. */
function selectWebhooks(db: Kysely<Tables>) {
  return db.selectFrom('webhook').select(['id', 'url', 'events', 'owner', 'created_at', 'disabled_at']);
}

type WebhookRow = Pick<Selectable<Tables['webhook']>, 'id' | 'url' | 'events' | 'owner' | 'created_at' | 'disabled_at'>;

function toWebhook(row: WebhookRow): Webhook {
  const known: readonly string[] = webhookEvents;
  const isEvent = (text: string): text is WebhookEvent => known.includes(text);
  return {
    id: row.id,
    url: row.url,
    events: parseTexts(row.events).filter(isEvent),
    owner: row.owner,
    createdAt: toDate(row.created_at),
    disabledAt: toDate(row.disabled_at),
  };
}
