/** What a webhook can hear of. */
export const webhookEvents = ['JOB_COMPLETED', 'JOB_FAILED', 'JOB_CANCELLED'] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

/** What a message says that happened, as it stands in it. */
export type MessageType = 'job.completed' | 'job.failed' | 'job.cancelled' | 'ping';

/** How many webhooks one caller may have. */
export const maxWebhooksPerCaller = 20;

/**
 * Webhooks, and the messages to them: an outbox. What a job's end tells is written in the transaction that ends the job, for each webhook that wants to hear of
 * it and for the job's callback. It stays until it was answered, or was tried so often that it is given up.
 */
export interface WebhookStore {
  /** All of them, the oldest first. */
  webhooks(): Promise<readonly Webhook[]>;
  webhook(id: string): Promise<Webhook | null>;
  /** Stores one. Null where its owner has `maxWebhooksPerCaller`. */
  addWebhook(webhook: NewWebhook): Promise<Webhook | null>;
  /** Whether there was one. What was on its way to it is not sent any more. */
  deleteWebhook(id: string): Promise<boolean>;
  /** The messages to a webhook, the newest first. */
  deliveries(webhookId: string, limit: number): Promise<readonly Delivery[]>;
  /** Writes a ping, which is for its sender alone and is tried once. Null where there is no such webhook. */
  addPing(webhookId: string): Promise<OutboxMessage | null>;
  /**
   * Messages that are due, but for those `inFlight`: with these at most `perLane` of each lane, and none while an earlier one to the same place about the same job
   * is on its way. What was for a webhook that is no more, or disabled, ends here.
   */
  dueMessages(
    inFlight: readonly OutboxMessage[],
    limits: { readonly perLane: number; readonly most: number },
  ): Promise<readonly OutboxMessage[]>;
  /** When the next message will be due of those that are not yet; null = none. */
  nextDue(): Promise<Date | null>;
  /** Writes what came of an attempt. Null where the message is no more. */
  noteAttempt(id: string, attempt: DeliveryAttempt): Promise<NotedAttempt | null>;
  /** How many messages are on their way; at most 100,000. */
  countOutbox(): Promise<number>;
  /** Removes some of the messages of before a time that are on their way no more; how many. */
  trimDeliveries(before: Date): Promise<number>;
}

/** Who wants to hear of the ends of jobs. The secret stays in the store until something is signed. */
export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  /** Name of the API key; null where none was needed. */
  readonly owner: string | null;
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
}

export interface NewWebhook extends Pick<Webhook, 'url' | 'events' | 'owner'> {
  readonly secret: string;
  /** Whether it hears of every job, or of its owner's alone. */
  readonly everyJob: boolean;
}

/** A message as its webhook's owner sees it. */
export interface Delivery {
  readonly id: string;
  readonly jobId: string | null;
  readonly event: MessageType;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly deliveredAt: Date | null;
  /** HTTP status of the last answer. */
  readonly status: number | null;
  /** Why the last attempt failed. */
  readonly problem: string | null;
}

/** A message as it is sent. */
export interface OutboxMessage {
  /** The same at each attempt. */
  readonly id: string;
  readonly lane: string;
  readonly event: MessageType;
  /** When it happened. */
  readonly time: Date;
  /** What is told of the job, as it was at its end. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly jobId: string | null;
  readonly jobOwner: string | null;
  readonly url: string;
  /** Null for the callback of a job. */
  readonly webhookId: string | null;
  /** Whom it is for: the owner of the webhook, or of the job that has a callback. */
  readonly owner: string | null;
  /** Of the webhook; a callback has none of its own. */
  readonly secret: string | null;
  /** Those before this one. */
  readonly attempts: number;
}

/** What came of an attempt. A message that has failed is tried again after `retryMs`; null = it is given up. */
export type DeliveryAttempt =
  | { readonly kind: 'DELIVERED'; readonly status: number }
  | {
      readonly kind: 'FAILED';
      readonly status: number | null;
      readonly problem: string;
      readonly retryMs: number | null;
      /** The receiver was not asked, since the message is not for it any more: that says nothing of the receiver. */
      readonly isFinal?: boolean;
    };

/** `disabled`: the webhook was, since this message is given up and no other has arrived meanwhile. */
export interface NotedAttempt {
  readonly delivery: Delivery;
  readonly disabled: boolean;
}
