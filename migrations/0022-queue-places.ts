import { setImmediate } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const jobsAtOnce = 1000;

/**
 * The order of the queue is a place that each job which waits has, so that the next one and the position of one are found by an index, however many callers there
 * are. Only jobs that wait have one, which keeps the indexes small. Those that wait keep their order; after them nobody has had a turn: callers begin level.
 */
export const queuePlaces: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`drop index job_queue`.execute(db);
    await sql`alter table job rename column queued_at to arrival`.execute(db);
    await sql`alter table job add column place integer`.execute(db);
    await sql`alter table job add column needs text not null default ''`.execute(db);
    await sql`alter table turn rename to former_turn`.execute(db);
    await sql`create table turn (
      priority integer not null, caller text not null, round integer not null, primary key (priority, caller)
    ) strict, without rowid`.execute(db);
    await giveNeeds(db);
    await givePlaces(db);
    await sql`drop table former_turn`.execute(db);
    await sql`alter table job drop column begun`.execute(db);
    await sql`create index turn_round on turn (priority, round)`.execute(db);
    await sql`create index job_place on job (place, arrival, needs) where place is not null`.execute(db);
    await sql`create index job_line on job (caller, priority, settling, place, arrival) where status = 'QUEUED'`.execute(
      db,
    );
    await sql`create index job_ready on job (settling, needs, place, arrival, id) where place is not null`.execute(db);
  },
};

/** What a worker must serve to run a job; of what is completed nobody asks again. */
async function giveNeeds(db: Kysely<unknown>): Promise<void> {
  for (const status of ['QUEUED', 'WORKING', 'FAILED', 'CANCELLED']) {
    for (let after = -1; ;) {
      const { rows } = await sql<{ readonly last: number | null }>`
        select max(number) as last from (
          select number from job where status = ${status} and number > ${after} order by number limit ${sql.lit(jobsAtOnce)}
        )`.execute(db);
      const last = rows[0]?.last ?? null;
      if (last === null) break;
      await sql`
        update job set needs = iif(
          json_valid(options) and options ->> 'mode' in ('HIGH_ACCURACY', 'LOW_LATENCY', 'TURBO', 'COMPACT'),
          (options ->> 'mode') || ' ' || iif(options ->> 'computePower' in ('GPU_ONLY', 'CPU_ONLY'), options ->> 'computePower', 'AUTO'),
          'COMPACT AUTO')
        where status = ${status} and number > ${after} and number <= ${last}`.execute(db);
      after = last;
      // A signal is heard meanwhile.
      await setImmediate();
    }
  }
}

/**
 * Round 0 for what was begun, then 1, 2, 3 ... for the jobs of each caller in the order in which they came; none while a recording is fetched. Whose turn was
 * longest ago came first in a round, which is by arrival from now on: so arrivals of a round are made to follow each other like that.
 */
async function givePlaces(db: Kysely<unknown>): Promise<void> {
  await sql`create temp table placed as
    with waiting as (
      select job.id, priority, arrival, begun, coalesce(turn.number, 0) as turn,
        min(arrival) over (partition by priority, caller, begun) as since, caller,
        iif(begun, 0, row_number() over (partition by priority, caller, begun, settling order by arrival, job.id)) as round
      from job left join former_turn as turn using (priority, caller) where status = 'QUEUED' and settling < 2
    )
    select id, row_number() over (order by id) as number, (1000 - priority) * 4398046511104 + round as place,
      max(arrival) over line + row_number() over line - 1 as arrival
    from waiting window line as (partition by priority, round order by iif(round, turn, 0), iif(round, since, arrival), iif(round, caller, id), id)`.execute(
    db,
  );
  await sql`create index temp.placed_number on placed (number)`.execute(db);
  for (let from = 1; ; from += jobsAtOnce) {
    const { numAffectedRows = 0n } = await sql`
      update job set place = placed.place, arrival = placed.arrival from placed
      where placed.number >= ${from} and placed.number < ${from + jobsAtOnce} and job.id = placed.id`.execute(db);
    if (numAffectedRows === 0n) break;
    await setImmediate();
  }
  await sql`drop table placed`.execute(db);
}
