import type { SettingStore, StoredSetting } from '../../store.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, parseAny, toJson } from '../database/json.ts';
import { toDate } from '../database/rows.ts';

/** Overrides of the settings of config.json. */
export function settingStore(connection: Connection): SettingStore {
  return {
    async settings() {
      const rows = await connection.db.selectFrom('setting').selectAll().orderBy('key').execute();
      return rows.map((row): StoredSetting => ({
        key: row.key,
        value: parseAny(row.value),
        changedAt: toDate(row.changed_at),
        changedBy: row.changed_by,
      }));
    },
    changeSettings: (changes, changedBy) =>
      commit(connection, async (tx) => {
        const time = connection.now();
        const keys = Object.keys(changes);
        if (keys.length === 0) return;
        await tx.deleteFrom('setting').where('key', 'in', keys).execute();
        const rows = Object.entries(changes)
          .filter(([, value]) => value !== undefined)
          .map(([key, value]) => ({ key, value: toJson(value), changed_at: time, changed_by: cleanText(changedBy) }));
        if (rows.length > 0) await tx.insertInto('setting').values(rows).execute();
      }),
  };
}
