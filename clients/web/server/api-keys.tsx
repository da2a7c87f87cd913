import type { SyntheticEvent } from 'react';
import { useQuery } from 'urql';
import { successOf } from '../connection.ts';
import { shortTime } from '../format.ts';
import { t } from '../messages/messages.ts';
import {
  ApiKeysDocument,
  CreateApiKeyDocument,
  type KeyStateFragment,
  RevokeApiKeyDocument,
  type Role,
} from '../operations.ts';
import { signIn, useSession } from '../session.tsx';
import { openStore, useStore } from '../store.ts';
import { act, tell } from '../toasts.tsx';

const roles: readonly Role[] = ['ADMIN', 'USER', 'READER'];

/** The key that was made last; kept here, since with the first one the page begins anew. */
const newToken = openStore<string | null>(null);

/** Who may use the server. */
export function ApiKeys() {
  const { connection } = useSession();
  const [{ data }, again] = useQuery({ query: ApiKeysDocument, requestPolicy: 'cache-and-network' });
  const token = useStore(newToken);
  const isFirst = data?.apiKeys.length === 0;
  const make = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const [name, role] = [given.get('name'), roles.find((each) => each === given.get('role'))];
    if (typeof name !== 'string' || role === undefined) return;
    act(async () => {
      const made = successOf((await connection.change(CreateApiKeyDocument, { input: { name, role } })).createApiKey);
      newToken.set(() => made.token);
      // With the first key nobody gets in without one any more, this page included.
      if (connection.token === undefined) signIn(made.token, { stay: false });
      form.reset();
      again({ requestPolicy: 'network-only' });
    });
  };
  return (
    <section className="card" aria-labelledby="api-keys">
      <h2 id="api-keys">{t.apiKeys}</h2>
      <p className="hint">{isFirst ? t.keysNone : t.apiKeysHint}</p>
      <ul className="plain rows">
        {data?.apiKeys.map((key) => (
          <li key={key.id}>
            <KeyItem apiKey={key} />
          </li>
        ))}
      </ul>
      {token !== null && <NewSecret told={t.keyToken} secret={token} />}
      <form onSubmit={make} className="in-line">
        <label>
          {t.keyName}
          <input name="name" required maxLength={64} pattern="[A-Za-z0-9._\-]+" autoComplete="off" />
        </label>
        <label>
          {t.keyRole}
          <select name="role">
            {(isFirst ? roles.slice(0, 1) : roles).map((role) => (
              <option key={role} value={role}>
                {t.roles[role]}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">{t.keyMake}</button>
      </form>
    </section>
  );
}

/** Something that is shown once, to be kept. */
export function NewSecret({ told, secret }: { readonly told: string; readonly secret: string }) {
  const copy = () =>
    act(async () => {
      await navigator.clipboard.writeText(secret);
      tell(t.copied);
    });
  return (
    <div className="secret" role="status">
      <p>{told}</p>
      <code>{secret}</code>
      <button type="button" onClick={copy}>
        {t.copy}
      </button>
    </div>
  );
}

function KeyItem({ apiKey }: { readonly apiKey: KeyStateFragment }) {
  const { connection } = useSession();
  const { id, name, role, prefix, configured, lastUsedAt, revokedAt } = apiKey;
  const revoke = () => {
    if (confirm(t.keyRevokeSure(name)))
      act(async () => successOf((await connection.change(RevokeApiKeyDocument, { id })).revokeApiKey));
  };
  return (
    <div className="row">
      <span className="row-name">
        {name} <small>{t.roles[role]}</small>
        <small>
          <code>{prefix}…</code> {lastUsedAt === null ? t.keyNever : t.keyUsed(shortTime(lastUsedAt))}
        </small>
      </span>
      {revokedAt !== null ? (
        <span className="hint">{t.keyRevoked}</span>
      ) : configured ? (
        <span className="hint">{t.keyConfigured}</span>
      ) : (
        <button type="button" aria-label={`${t.keyRevoke}: ${name}`} onClick={revoke}>
          {t.keyRevoke}
        </button>
      )}
    </div>
  );
}
