import { type Kysely, sql } from 'kysely';
import type { SharedLimits } from '../limits.ts';
import { whole } from '../sql/database/dialect.ts';
import { inPieces } from '../sql/database/connection.ts';
import type { Tables } from '../sql/database/tables.ts';

/** What a node holds counts so long after it has last told. */
const heldMs = 5000;

const now = sql<number>`floor(extract(epoch from now()) * 1000)::bigint`;

/** Counts in tables that are not logged, and in statements of their own: nobody waits for a disk. */
export function sharedLimits(db: Kysely<Tables>, node: string): SharedLimits {
  return {
    async takePart({ name, who, want, limit, windowMs }) {
      const first = sql`least(${whole(limit)}, ${whole(want)})`;
      const isOver = sql`rate.ends_at <= ${now}`;
      const next = sql`greatest(rate.taken, least(${whole(limit)}, rate.taken + ${whole(want)}))`;
      const { rows } = await sql<{ readonly granted: number; readonly leftMs: number }>`
        insert into rate (name, who, taken, granted, ends_at)
        values (${name}, ${who}, ${first}, ${first}, ${now} + ${whole(windowMs)})
        on conflict (name, who) do update set
          taken = case when ${isOver} then excluded.taken else ${next} end,
          granted = case when ${isOver} then excluded.taken else ${next} - rate.taken end,
          ends_at = case when ${isOver} then excluded.ends_at else rate.ends_at end
        returning granted, ends_at - ${now} as "leftMs"`.execute(db);
      return rows[0] ?? { granted: 0, leftMs: windowMs };
    },
    async exchangeHeld(held) {
      for (const piece of inPieces(held)) {
        const until = sql<number>`${now} + ${whole(heldMs)}`;
        await db
          .insertInto('held')
          .values(piece.map((each) => ({ node, ...each, until })))
          .onConflict((conflict) =>
            conflict
              .columns(['node', 'name', 'who'])
              .doUpdateSet((eb) => ({ count: eb.ref('excluded.count'), until: eb.ref('excluded.until') })),
          )
          .execute();
      }
      await forgetPast(db);
      const { rows } = await sql<{ readonly name: string; readonly who: string; readonly count: number }>`
        select name, who, sum(count)::bigint as count from held where node <> ${node} and until > ${now} and count > 0
        group by name, who`.execute(db);
      return rows;
    },
  };
}

/** Of nodes that forget at once each takes what the other leaves. */
async function forgetPast(db: Kysely<Tables>): Promise<void> {
  await sql`delete from held where ctid = any (array(
    select ctid from held where until <= ${now} for update skip locked))`.execute(db);
  await sql`delete from rate where ctid = any (array(
    select ctid from rate where ends_at <= ${now} for update skip locked))`.execute(db);
}
