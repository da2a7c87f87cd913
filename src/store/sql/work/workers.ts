import type { Kysely } from 'kysely';
import type { Worker, WorkerReport } from '../../../jobs/worker.ts';
import type { WorkerStore } from '../../workers.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, parseTexts, toJson } from '../database/json.ts';
import { toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { parseEngine, parseModels } from './worker-rows.ts';

/** A worker that was lost is shown for so long. */
const forgottenAfterMs = 24 * 60 * 60 * 1000;

/** Who runs jobs. */
export function workerStore(connection: Connection): WorkerStore {
  return {
    seeWorker: (report) => seeWorker(connection, report),
    async forgetWorkers(id) {
      await commit(connection, (tx) =>
        tx
          .deleteFrom('worker')
          .$if(id !== null, (all) => all.where('id', '=', id))
          .execute(),
      );
    },
    workers: (leaseMs) => readWorkers(connection, leaseMs),
    async drainWorker(id) {
      const { numUpdatedRows } = await commit(connection, (tx) =>
        tx.updateTable('worker').set({ draining: 1 }).where('id', '=', id).executeTakeFirstOrThrow(),
      );
      connection.notifier.notify('worker', id);
      return numUpdatedRows > 0n;
    },
    async requestModel(model, action) {
      await commit(connection, async (tx) => {
        await connection.reserve(tx, 'models');
        const { last } = await tx
          .selectFrom('model_request')
          .select((eb) => eb.fn.max('requested_at').as('last'))
          .executeTakeFirstOrThrow();
        const said = { action, requested_at: Math.max(await connection.now(tx), (last ?? 0) + 1) };
        await tx
          .insertInto('model_request')
          .values({ model, ...said })
          .onConflict((conflict) => conflict.column('model').doUpdateSet(said))
          .execute();
      });
      connection.notifier.notify('worker', '');
    },
    async modelRequests() {
      const rows = await connection.db.selectFrom('model_request').selectAll().orderBy('requested_at').execute();
      return rows.map(({ model, action, requested_at }) => ({ model, action, requestedAt: toDate(requested_at) }));
    },
  };
}

function seeWorker(connection: Connection, report: WorkerReport): Promise<{ readonly draining: boolean }> {
  return commit(connection, async (tx) => {
    const time = await connection.now(tx);
    const said = {
      name: cleanText(report.name),
      version: report.version,
      slots: report.slots,
      devices: toJson(report.devices),
      models: toJson(report.models),
      classes: toJson(report.classes),
      engine: report.engine === null ? null : toJson(report.engine),
      seen_at: time,
    };
    const { draining } = await tx
      .insertInto('worker')
      .values({ id: report.id, started_at: time, ...said })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(said))
      .returning('draining')
      .executeTakeFirstOrThrow();
    await tx
      .deleteFrom('worker')
      .where('id', '<>', report.id)
      .where((eb) => eb.or([eb('name', '=', said.name), eb('seen_at', '<', time - forgottenAfterMs)]))
      .execute();
    return { draining: draining === 1 };
  });
}

async function readWorkers({ db, now }: Connection, leaseMs: number): Promise<readonly Worker[]> {
  const time = await now(db);
  const rows = await selectWorkers(db).execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    version: row.version,
    slots: row.slots,
    devices: parseTexts(row.devices),
    models: parseModels(row.models),
    classes: parseTexts(row.classes),
    engine: parseEngine(row.engine),
    // A clock that was set back must not show one for ever.
    status: Math.abs(time - row.seen_at) > leaseMs ? 'LOST' : row.draining === 1 ? 'DRAINING' : 'READY',
    working: Number(row.working),
    startedAt: toDate(row.started_at),
    seenAt: toDate(row.seen_at),
  }));
}

function selectWorkers(db: Kysely<Tables>) {
  return db
    .selectFrom('worker')
    .selectAll('worker')
    .select((eb) =>
      eb
        .selectFrom('attempt')
        .select(({ fn }) => fn.countAll().as('working'))
        .whereRef('attempt.worker', '=', 'worker.name')
        .where('attempt.finished_at', 'is', null)
        .as('working'),
    )
    .orderBy('started_at')
    .orderBy('id');
}
