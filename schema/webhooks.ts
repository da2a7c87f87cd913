import { createWebhook, deleteWebhook, listDeliveries, testWebhook } from '#resolvers/webhooks.ts';
import { InvalidInputError, WebhookNotFoundError } from '#src/errors.ts';
import type { Delivery, Webhook as WebhookShape } from '#src/store/webhooks.ts';
import { checkedByResolver } from './bounds.ts';
import { builder } from './builder.ts';
import { WebhookEventType } from './enums.ts';

const WebhookDelivery = builder.objectRef<Delivery>('WebhookDelivery').implement({
  description: 'A message to a webhook, and how far it is on its way.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'What the receiver gets as webhook-id: the same at each attempt.' }),
    jobId: t.exposeID('jobId', { nullable: true, description: 'The job that it tells of; null for a ping.' }),
    event: t.exposeString('event', {
      description: 'Type of the message: job.completed, job.failed, job.cancelled or ping.',
    }),
    attempts: t.exposeInt('attempts', { description: 'How often it was sent so far.' }),
    nextAttemptAt: t.expose('nextAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is sent again, or at all; null once it has arrived, or is given up.',
    }),
    deliveredAt: t.expose('deliveredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it arrived: the receiver answered with a status from 200 to 299.',
    }),
    status: t.exposeInt('status', {
      nullable: true,
      description: 'HTTP status of the last answer; null where there was none.',
    }),
    problem: t.exposeString('problem', { nullable: true, description: 'Why the last attempt failed.' }),
  }),
});

const Webhook = builder.objectRef<WebhookShape>('Webhook').implement({
  description: 'An address that is told of the ends of jobs, by Standard Webhooks.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'webhook_ and 21 URL-safe characters.' }),
    url: t.exposeString('url', { description: 'Where messages are sent.' }),
    events: t.expose('events', { type: [WebhookEventType], description: 'What it hears of.' }),
    owner: t.exposeString('owner', {
      nullable: true,
      description: 'Name of the API key that it was made with; null where none was needed.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    disabledAt: t.expose('disabledAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'Set after five days of failures: a message was given up, and none has arrived since it was written. Nothing is sent from then on. A delivery that succeeds, that of testWebhook included, clears it.',
    }),
    deliveries: t.field({
      type: [WebhookDelivery],
      description: 'Newest first, at most 50; kept for 30 days.',
      extensions: { cost: 50 },
      resolve: (webhook, _, context) => listDeliveries(webhook, context),
    }),
  }),
});

builder.queryField('webhooks', (t) =>
  t.field({
    authScopes: { write: true },
    type: [Webhook],
    description: 'The oldest first. ADMIN: all; USER: their own.',
    resolve: (_, __, { store }) => store.webhooks(),
  }),
);

const CreateWebhookInput = builder.inputType('CreateWebhookInput', {
  description: 'Whom to tell of what. Types of the messages: job.completed, job.failed, job.cancelled, ping.',
  fields: (t) => ({
    url: t.string({
      extensions: checkedByResolver,
      required: true,
      description:
        'An http or https address of at most 2,000 characters, without name and password. Addresses of private networks are refused here, or when a name leads there, unless urlAllowedCidrs of the settings allows them.',
    }),
    events: t.field({ type: [WebhookEventType], description: 'What it hears of; absent = all three.' }),
    secret: t.string({
      extensions: checkedByResolver,
      description:
        'Signs its messages: whsec_ and 24 to 64 bytes in base64, at most 94 characters; absent = one is made.',
    }),
  }),
});

const CreateWebhookSuccess = builder
  .objectRef<{ readonly webhook: WebhookShape; readonly secret: string }>('CreateWebhookSuccess')
  .implement({
    description: 'It hears of every end of a job from now on.',
    fields: (t) => ({
      webhook: t.expose('webhook', { type: Webhook, description: 'The webhook.' }),
      secret: t.exposeString('secret', {
        description: 'What the receiver checks signatures with, shown here and never again.',
      }),
    }),
  });

const DeleteWebhookSuccess = builder.objectRef<{ readonly id: string }>('DeleteWebhookSuccess').implement({
  description: 'The webhook is gone, and with it what was on its way.',
  fields: (t) => ({ id: t.exposeID('id', { description: 'Its id.' }) }),
});

const TestWebhookSuccess = builder.objectRef<{ readonly delivery: Delivery }>('TestWebhookSuccess').implement({
  description: 'A ping was sent; whether it has arrived, the delivery tells.',
  fields: (t) => ({ delivery: t.expose('delivery', { type: WebhookDelivery, description: 'What came back.' }) }),
});

const idArgument = { required: true, description: 'The webhook.' } as const;

builder.mutationFields((t) => ({
  createWebhook: t.field({
    authScopes: { write: true },
    type: CreateWebhookSuccess,
    description:
      'Has an address told of the ends of jobs: an ADMIN of every job, a USER of own ones. At most 20 a caller. Its messages are signed for its owner, and end with the API keys of that name.',
    args: { input: t.arg({ type: CreateWebhookInput, required: true, description: 'Whom to tell of what.' }) },
    errors: {
      types: [InvalidInputError],
      union: { name: 'CreateWebhookResult', description: 'The webhook with its secret, or why there is none.' },
    },
    resolve: (_, { input }, context) => createWebhook(input, context),
  }),
  deleteWebhook: t.field({
    authScopes: { write: true },
    type: DeleteWebhookSuccess,
    description: 'Ends a webhook. ADMIN: any; USER: their own.',
    args: { id: t.arg.id(idArgument) },
    errors: {
      types: [WebhookNotFoundError],
      union: { name: 'DeleteWebhookResult', description: 'The id of the webhook, or why it goes on.' },
    },
    resolve: (_, { id }, context) => deleteWebhook(id, context),
  }),
  testWebhook: t.field({
    authScopes: { write: true },
    type: TestWebhookSuccess,
    description:
      'Sends a message of type ping now, once, and tells what came back, after 15 s at most. Where it arrives, a webhook that was disabled goes on.',
    args: { id: t.arg.id(idArgument) },
    errors: {
      types: [WebhookNotFoundError],
      union: { name: 'TestWebhookResult', description: 'What came back, or why nothing was sent.' },
    },
    resolve: (_, { id }, context) => testWebhook(id, context),
  }),
}));
