import type { ApiKey, Role } from '../config/api-key.ts';

/** The API keys that were made while the server ran, or by its command line. Those of the settings are not among them. */
export interface ApiKeyStore {
  /** All of them, those that have ended included, the oldest first. */
  apiKeys(): Promise<readonly StoredApiKey[]>;
  /** Stores a key. Null where one of this name that is not revoked has another role, which `apiKeys` tells: nothing is stored then. */
  addApiKey(key: NewApiKey): Promise<StoredApiKey | null>;
  /**
   * Ends a key for good; one that has been revoked stays as it is. `keepAdmin`: not where it is the last that could make another. Null = unknown id.
   */
  revokeApiKey(id: string, options: { readonly keepAdmin: boolean }): Promise<RevokedApiKey | null>;
  /** Notes when keys were last used, by their ids. */
  noteKeyUses(uses: ReadonlyMap<string, Date>): Promise<void>;
}

interface NewApiKey extends Omit<ApiKey, 'id'> {
  /** First characters of the token. */
  readonly prefix: string;
  readonly expiresAt: Date | null;
}

export interface StoredApiKey extends NewApiKey {
  readonly id: string;
  readonly role: Role;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** `refused`: it is the last key of an ADMIN. */
interface RevokedApiKey {
  readonly key: StoredApiKey;
  readonly refused: boolean;
}
