import pLimit from 'p-limit';
import {
  anybody,
  type ApiKey,
  type Caller,
  hashOf,
  keyName,
  keyNameRule,
  newToken,
  type Role,
} from '../config/api-key.ts';
import type { Config } from '../config/config.ts';
import { ApiKeyNotFoundError, InvalidInputError } from '../errors.ts';
import type { Log } from '../logs/log.ts';
import { repeat } from '../operations/repeat.ts';
import type { ApiKeyStore, StoredApiKey } from '../store/api-keys.ts';
import type { SettingStore } from '../store/store.ts';

/** A key without its token, for those who look after keys. */
export interface ApiKeyInfo extends Pick<ApiKey, 'id' | 'name' | 'role'> {
  readonly prefix: string;
  readonly createdAt: Date | null;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  /** It stands in the settings, and can be changed only there. */
  readonly configured: boolean;
}

export interface ApiKeyInput {
  readonly name: string;
  readonly role: Role;
  readonly expiresAt: Date | null;
}

/** The keys of the settings and of the database, as they are now. */
export interface ApiKeys extends AsyncDisposable {
  /** Whether whoever asks needs a key: from the first one on, whatever became of it, unless allowUnauthenticated says otherwise. */
  areNeeded(): boolean;
  /** Who shows this token; null where that is nobody. */
  find(token: string): Caller | null;
  /** Who has the key with this id; null where it has ended. */
  holderOf(keyId: string): Caller | null;
  /** Who has a key of this name, or none; null where nobody has. Everybody where no keys are needed. */
  callerNamed(name: string | null): Caller | null;
  /** Whether somebody who was let in still may: asked before each operation, since a connection outlives its key by a moment. */
  isCaller(caller: Caller): boolean;
  /** Calls back once when the caller is one no more: the key was revoked or has expired, or keys are needed from now on. */
  onEnd(caller: Caller, listener: () => void): Disposable;
  list(): Promise<readonly ApiKeyInfo[]>;
  /** Throws InvalidInputError. The token is told here and never again. */
  create(input: ApiKeyInput): Promise<{ readonly apiKey: ApiKeyInfo; readonly token: string }>;
  /** Ends a key. Throws ApiKeyNotFoundError, InvalidInputError. */
  revoke(id: string): Promise<ApiKeyInfo>;
}

type KeyStore = ApiKeyStore & Pick<SettingStore, 'keepOnce' | 'kept'>;

/** What keys are read from. */
interface Parts {
  readonly config: { readonly server: Pick<Config['server'], 'apiKeys' | 'allowUnauthenticated'> };
  readonly store: KeyStore;
  readonly log: Log;
}

/** What another process has changed, the command line or another server, holds here after so long. */
const lookMs = 500;
/** When a key was last used is written so often. */
const noteMs = 60_000;
/** Until connections are ended: the answer that tells of it is to be read. */
const lastAnswerMs = 250;

/** That there ever was a key: what became of it opens the server to nobody. */
const mark = 'apiKeysNeeded';

/** The one who has a key, as all others see them. */
function callerOf({ id, name, role }: ApiKey): Caller {
  return { name, role, keyId: id };
}

/** A key of the settings lasts. */
function lasts(key: ApiKey | StoredApiKey): boolean {
  return !('revokedAt' in key) || isUsable(key);
}

function isUsable({ revokedAt, expiresAt }: Pick<StoredApiKey, 'revokedAt' | 'expiresAt'>): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt.getTime() > Date.now());
}

/** Makes and stores a key. Throws InvalidInputError. The token is told here and never again. */
export async function makeApiKey(
  { name, role, expiresAt }: ApiKeyInput,
  { store, configured }: { readonly store: ApiKeyStore; readonly configured: readonly ApiKey[] },
): Promise<{ readonly key: StoredApiKey; readonly token: string }> {
  if (!keyName.test(name)) throw new InvalidInputError('input.name', `A name ${keyNameRule}.`);
  if (expiresAt !== null && expiresAt.getTime() <= Date.now())
    throw new InvalidInputError('input.expiresAt', 'input.expiresAt must be in the future.');
  const token = newToken();
  const namesake = configured.find((key) => key.name === name);
  const isOther = namesake !== undefined && namesake.role !== role;
  const key = isOther
    ? null
    : await store.addApiKey({ name, role, sha256: hashOf(token), prefix: token.slice(0, prefixLength), expiresAt });
  if (key !== null) return { key, token };
  const hint = 'Keys of one name are one caller. Choose another name, or revoke those that there are.';
  throw new InvalidInputError('input.role', `There is an API key of this name with another role.`, hint);
}

/** "phonograph_" and so many characters of the 43 that are secret that a key is known by them, and not told. */
const prefixLength = 15;

/** Reads the keys, and goes on looking at them. */
export async function openApiKeys({ config, store, log }: Parts): Promise<ApiKeys> {
  const { apiKeys: configured, allowUnauthenticated } = config.server;
  const uses = new Map<string, Date>();
  const listeners = new Map<string | null, Set<() => void>>();
  let usable = new Map<string, ApiKey>();
  let needed = false;
  let notedAt = performance.now();

  /** One at a time: what was read before a key was revoked must not be taken for newer. */
  const inTurn = pLimit(1);
  const read = () => inTurn(readNow);

  async function readNow(): Promise<void> {
    const stored = await store.apiKeys();
    const before = new Set([...usable.values()].map(({ id }) => id));
    // The same token in both: the settings count.
    usable = new Map([...stored.filter(isUsable), ...configured].map((key) => [key.sha256, key]));
    for (const { id } of usable.values()) before.delete(id);
    const ever = stored.length > 0 || configured.length > 0 || (await store.kept(mark)) !== null;
    const wasNeeded = needed;
    needed = usable.size > 0 || (ever && !allowUnauthenticated);
    if (needed && !wasNeeded) {
      await store.keepOnce(mark, 'yes');
      end(null);
    }
    before.forEach(end);
  }

  function end(keyId: string | null): void {
    const those = listeners.get(keyId);
    listeners.delete(keyId);
    if (those !== undefined) setTimeout(() => those.forEach((listener) => listener()), lastAnswerMs).unref();
  }

  async function noteUses(): Promise<void> {
    notedAt = performance.now();
    const noted = new Map(uses);
    for (const { id } of configured) noted.delete(id);
    if (noted.size > 0) await store.noteKeyUses(noted);
  }

  function infoOf(key: ApiKey | StoredApiKey): ApiKeyInfo {
    const { id, name, role } = key;
    const lastUsedAt = uses.get(id) ?? null;
    if (!('createdAt' in key)) {
      const unknown = { createdAt: null, expiresAt: null, revokedAt: null };
      return { id, name, role, prefix: 'phonograph_', configured: true, lastUsedAt, ...unknown };
    }
    const { prefix, createdAt, expiresAt, revokedAt } = key;
    const used = lastUsedAt ?? key.lastUsedAt;
    return { id, name, role, prefix, configured: false, createdAt, expiresAt, revokedAt, lastUsedAt: used };
  }

  await read();
  const looking = repeat(
    lookMs,
    async () => {
      await read();
      if (performance.now() - notedAt > noteMs) await noteUses();
    },
    (err) => log.error({ err }, 'API keys not read'),
  );
  const keys: ApiKeys = {
    areNeeded: () => needed,
    find(token) {
      const key = usable.get(hashOf(token));
      if (key === undefined || !lasts(key)) return null;
      uses.set(key.id, new Date());
      return callerOf(key);
    },
    holderOf(keyId) {
      const key = [...usable.values()].find(({ id }) => id === keyId);
      return key === undefined || !lasts(key) ? null : callerOf(key);
    },
    callerNamed(name) {
      if (!needed) return anybody;
      const key = [...usable.values()].findLast((each) => each.name === name && lasts(each));
      return key === undefined ? null : callerOf(key);
    },
    isCaller: ({ keyId }) => (keyId === null ? !needed : keys.holderOf(keyId) !== null),
    onEnd({ keyId }, listener) {
      const those = listeners.get(keyId) ?? new Set();
      listeners.set(keyId, those.add(listener));
      return {
        [Symbol.dispose]() {
          those.delete(listener);
          if (those.size === 0 && listeners.get(keyId) === those) listeners.delete(keyId);
        },
      };
    },
    list: async () => [...configured, ...(await store.apiKeys())].map(infoOf),
    async create(input) {
      const made = await makeApiKey(input, { store, configured });
      await read();
      return { apiKey: infoOf(made.key), token: made.token };
    },
    async revoke(id) {
      if (configured.some((key) => key.id === id)) {
        const hint = 'Take it out of config.json or PHONOGRAPH_API_KEYS, and restart the server.';
        throw new InvalidInputError('id', 'This API key stands in the settings.', hint);
      }
      const revoked = await store.revokeApiKey(id, { keepAdmin: !configured.some(({ role }) => role === 'ADMIN') });
      if (revoked === null) throw new ApiKeyNotFoundError();
      if (revoked.refused) {
        const hint = 'Make another with createApiKey first.';
        throw new InvalidInputError('id', 'This is the last API key of an ADMIN.', hint);
      }
      await read();
      return infoOf(revoked.key);
    },
    async [Symbol.asyncDispose]() {
      await looking[Symbol.asyncDispose]();
      await noteUses().catch((err: unknown) => log.error({ err }, 'uses of API keys not noted'));
    },
  };
  return keys;
}
