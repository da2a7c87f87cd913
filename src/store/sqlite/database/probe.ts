import { commit, type Connection } from './connection.ts';

/** Proves that the database takes a write, by writing. */
export async function probe(connection: Connection): Promise<void> {
  const time = connection.now();
  await commit(connection, async (tx) => {
    await tx
      .insertInto('probe')
      .values({ id: 1, time })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ time }))
      .execute();
  });
}
