import { newSecret, isSecret, secretRule } from '#src/config/webhook-secret.ts';
import { InvalidInputError, WebhookNotFoundError } from '#src/errors.ts';
import { readTarget } from '#src/operations/webhooks/target.ts';
import {
  type Delivery,
  maxWebhooksPerCaller,
  type Webhook,
  type WebhookEvent,
  webhookEvents,
} from '#src/store/webhooks.ts';
import type { RequestContext } from './context.ts';

/** What a webhook is made of; null is the same as absent. */
export interface WebhookInput {
  readonly url: string;
  readonly events?: readonly WebhookEvent[] | null | undefined;
  readonly secret?: string | null | undefined;
}

type Needs<T extends keyof RequestContext> = Pick<RequestContext, T>;

/** How many messages of a webhook are listed. */
const listedDeliveries = 50;

/** Makes a webhook of the caller: of an ADMIN for every job, of a USER for own ones. Throws InvalidInputError. */
export async function createWebhook(
  { url, events, secret = null }: WebhookInput,
  { store, config, caller, log }: Needs<'store' | 'config' | 'caller' | 'log'>,
): Promise<{ readonly webhook: Webhook; readonly secret: string }> {
  const target = readTarget(url, 'input.url', config.server.urlAllowedCidrs);
  if (events?.length === 0) throw new InvalidInputError('input.events', 'input.events must name one at least.');
  if (secret !== null && !isSecret(secret)) throw new InvalidInputError('input.secret', `input.secret ${secretRule}.`);
  const made = secret ?? newSecret();
  const wanted = [...new Set(events ?? webhookEvents)];
  const everyJob = caller.role === 'ADMIN';
  const webhook = await store.addWebhook({ url: target, events: wanted, secret: made, owner: caller.name, everyJob });
  if (webhook === null) {
    const message = `A caller has at most ${maxWebhooksPerCaller} webhooks.`;
    throw new InvalidInputError('input.url', message, 'Delete one that is not needed any more.');
  }
  log.info({ webhook: webhook.id, caller: caller.name }, 'webhook created');
  return { webhook, secret: made };
}

/** Throws WebhookNotFoundError. */
export async function deleteWebhook(
  id: string,
  { store, caller, log }: Needs<'store' | 'caller' | 'log'>,
): Promise<{ readonly id: string }> {
  if (!(await store.deleteWebhook(id))) throw new WebhookNotFoundError();
  log.info({ webhook: id, caller: caller.name }, 'webhook deleted');
  return { id };
}

/** Sends a ping, and tells what came back. Throws WebhookNotFoundError. */
export async function testWebhook(
  id: string,
  { store, outbox }: Needs<'store' | 'outbox'>,
): Promise<{ readonly delivery: Delivery }> {
  // Where the caller may not see it, the store does not know it.
  const delivery = (await store.webhook(id)) === null ? null : await outbox.ping(id);
  if (delivery === null) throw new WebhookNotFoundError();
  return { delivery };
}

/** The newest first. */
export function listDeliveries({ id }: Webhook, { store }: Needs<'store'>): Promise<readonly Delivery[]> {
  return store.deliveries(id, listedDeliveries);
}
