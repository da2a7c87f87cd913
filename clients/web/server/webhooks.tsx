import { type SyntheticEvent, useState } from 'react';
import { useQuery } from 'urql';
import { successOf } from '../connection.ts';
import { shortTime } from '../format.ts';
import { t } from '../messages/messages.ts';
import {
  CreateWebhookDocument,
  DeleteWebhookDocument,
  TestWebhookDocument,
  WebhooksDocument,
  type WebhookStateFragment,
} from '../operations.ts';
import { useSession } from '../session.tsx';
import { act, tell } from '../toasts.tsx';
import { NewSecret } from './api-keys.tsx';

/** Addresses that are told of the ends of jobs. */
export function Webhooks() {
  const { connection } = useSession();
  const [{ data }, ask] = useQuery({ query: WebhooksDocument, requestPolicy: 'cache-and-network' });
  const [secret, setSecret] = useState<string | null>(null);
  const again = () => ask({ requestPolicy: 'network-only' });
  const make = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const url = new FormData(form).get('url');
    if (typeof url !== 'string') return;
    act(async () => {
      const made = successOf((await connection.change(CreateWebhookDocument, { input: { url } })).createWebhook);
      setSecret(made.secret);
      form.reset();
      again();
    });
  };
  return (
    <section className="card" aria-labelledby="webhooks">
      <h2 id="webhooks">{t.webhooks}</h2>
      <p className="hint">{t.webhooksHint}</p>
      <ul className="plain rows">
        {data?.webhooks.map((webhook) => (
          <li key={webhook.id}>
            <WebhookItem webhook={webhook} onChange={again} />
          </li>
        ))}
      </ul>
      {secret !== null && <NewSecret told={t.webhookSecret} secret={secret} />}
      <form onSubmit={make} className="in-line">
        <label>
          {t.webhookUrl}
          <input name="url" type="url" required maxLength={2000} placeholder="https://" />
        </label>
        <button type="submit">{t.webhookAdd}</button>
      </form>
    </section>
  );
}

interface ItemProps {
  readonly webhook: WebhookStateFragment;
  readonly onChange: () => void;
}

function WebhookItem({ webhook: { id, url, disabledAt, deliveries }, onChange }: ItemProps) {
  const { connection } = useSession();
  const [last] = deliveries;
  const test = () =>
    act(async () => {
      const { delivery } = successOf((await connection.change(TestWebhookDocument, { id })).testWebhook);
      tell(delivery.problem ?? t.webhookTold(String(delivery.status ?? '')), {
        isError: delivery.deliveredAt === null,
      });
      onChange();
    });
  const remove = () =>
    act(async () => {
      const { deleteWebhook: result } = await connection.change(DeleteWebhookDocument, { id });
      if (result.__typename !== 'WebhookNotFoundError') successOf(result);
      onChange();
    });
  return (
    <div className="row">
      <span className="row-name">
        {url}
        {disabledAt !== null && <small className="problem">{t.webhookDisabled}</small>}
        {last?.deliveredAt != null && <small>{t.webhookDelivered(shortTime(last.deliveredAt))}</small>}
        {last?.problem != null && <small className="problem">{last.problem}</small>}
      </span>
      <button type="button" aria-label={`${t.webhookTest}: ${url}`} onClick={test}>
        {t.webhookTest}
      </button>
      <button type="button" aria-label={`${t.delete}: ${url}`} onClick={remove}>
        {t.delete}
      </button>
    </div>
  );
}
