import type { Kysely, Selectable } from 'kysely';
import { nanoid } from 'nanoid';
import type { ApiKeyStore, StoredApiKey } from '../../api-keys.ts';
import { commit, type Connection } from '../database/connection.ts';
import { toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';

/** The API keys. */
export function apiKeyStore(connection: Connection): ApiKeyStore {
  return {
    apiKeys: async () => (await selectKeys(connection.db).execute()).map(toKey),
    addApiKey: ({ expiresAt, ...key }) =>
      commit(connection, async (tx) => {
        await connection.reserve(tx, 'API keys');
        const namesakes = await tx
          .selectFrom('api_key')
          .select('role')
          .where('name', '=', key.name)
          .where('revoked_at', 'is', null)
          .execute();
        if (namesakes.some(({ role }) => role !== key.role)) return null;
        const row = {
          ...key,
          id: `key_${nanoid()}`,
          created_at: await connection.now(tx),
          expires_at: expiresAt?.getTime() ?? null,
        };
        return toKey(await tx.insertInto('api_key').values(row).returningAll().executeTakeFirstOrThrow());
      }),
    revokeApiKey: (id, { keepAdmin }) =>
      commit(connection, async (tx) => {
        await connection.reserve(tx, 'API keys');
        const row = await selectKeys(tx).where('id', '=', id).executeTakeFirst();
        if (row === undefined) return null;
        const key = toKey(row);
        if (key.revokedAt !== null) return { key, refused: false };
        const time = await connection.now(tx);
        if (keepAdmin && (await isLastAdmin(tx, key, time))) return { key, refused: true };
        await tx.updateTable('api_key').set({ revoked_at: time }).where('id', '=', id).execute();
        return { key: { ...key, revokedAt: toDate(time) }, refused: false };
      }),
    noteKeyUses: (uses) =>
      commit(connection, async (tx) => {
        for (const [id, time] of [...uses].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
          await tx.updateTable('api_key').set({ last_used_at: time.getTime() }).where('id', '=', id).execute();
        }
      }),
  };
}

function selectKeys(db: Kysely<Tables>) {
  return db.selectFrom('api_key').selectAll().orderBy('created_at').orderBy('id');
}

/** Whether nobody else could make a key once this one is gone. */
async function isLastAdmin(db: Kysely<Tables>, { id, role }: StoredApiKey, time: number): Promise<boolean> {
  if (role !== 'ADMIN') return false;
  const other = await db
    .selectFrom('api_key')
    .select('id')
    .where('role', '=', 'ADMIN')
    .where('revoked_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', time)]))
    .where('id', '!=', id)
    .limit(1)
    .executeTakeFirst();
  return other === undefined;
}

function toKey(row: Selectable<Tables['api_key']>): StoredApiKey {
  const { id, name, role, sha256, prefix } = row;
  return {
    id,
    name,
    role,
    sha256,
    prefix,
    createdAt: toDate(row.created_at),
    expiresAt: toDate(row.expires_at),
    lastUsedAt: toDate(row.last_used_at),
    revokedAt: toDate(row.revoked_at),
  };
}
