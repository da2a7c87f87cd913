import type { Kysely } from 'kysely';
import type { SettingStore, StoredSetting } from '../../store.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, parseAny, toJson } from '../database/json.ts';
import { toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';

/** Before the keys of what is the server's own, and no setting. */
const own = 'own.';

async function readOwn(db: Kysely<Tables>, key: string): Promise<string | null> {
  const row = await db
    .selectFrom('setting')
    .select('value')
    .where('key', '=', own + key)
    .executeTakeFirst();
  const value = row === undefined ? null : parseAny(row.value);
  return typeof value === 'string' ? value : null;
}

/** Overrides of the settings of config.json, and what the server keeps for itself. */
export function settingStore(connection: Connection): SettingStore {
  return {
    async settings() {
      const rows = await connection.db
        .selectFrom('setting')
        .selectAll()
        .where('key', 'not like', `${own}%`)
        .orderBy('key')
        .execute();
      return rows.map((row): StoredSetting => ({
        key: row.key,
        value: parseAny(row.value),
        changedAt: toDate(row.changed_at),
        changedBy: row.changed_by,
      }));
    },
    async changeSettings(changes, changedBy) {
      await commit(connection, async (tx) => {
        await connection.reserve(tx, 'settings');
        const time = await connection.now(tx);
        const keys = Object.keys(changes);
        if (keys.length === 0) return;
        await tx.deleteFrom('setting').where('key', 'in', keys).execute();
        const rows = Object.entries(changes)
          .filter(([, value]) => value !== undefined)
          .map(([key, value]) => ({ key, value: toJson(value), changed_at: time, changed_by: cleanText(changedBy) }));
        if (rows.length > 0) await tx.insertInto('setting').values(rows).execute();
      });
      connection.notifier.notify('setting', '');
    },
    keepOnce: (key, value) =>
      commit(connection, async (tx) => {
        await connection.reserve(tx, 'settings');
        const known = await readOwn(tx, key);
        if (known !== null) return known;
        const row = {
          key: own + key,
          value: toJson(value),
          changed_at: await connection.now(tx),
          changed_by: 'server',
        };
        await tx.insertInto('setting').values(row).execute();
        return value;
      }),
    kept: (key) => readOwn(connection.db, key),
  };
}
