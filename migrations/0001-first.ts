import { sql, type CreateTableBuilder, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Jobs with their recordings, attempts, segments and events; log lines; settings. Times are milliseconds since 1970, UTC. */
export const first: Migration = {
  async up(db: Kysely<unknown>) {
    await createMedia(db);
    await createJob(db);
    await createTurn(db);
    await createDeletion(db);
    await createAttempt(db);
    await createSegment(db);
    await createEvent(db);
    await createLog(db);
    await createSetting(db);
  },
};

async function createMedia(db: Kysely<unknown>): Promise<void> {
  await strict(db.schema.createTable('media'))
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('stored', 'integer', (column) => column.notNull())
    .addColumn('bytes', 'integer')
    .addColumn('sha256', 'text')
    .addColumn('duration_seconds', 'real')
    .addColumn('container', 'text')
    .addColumn('codec', 'text')
    .addColumn('sample_rate', 'integer')
    .addColumn('channels', 'integer')
    .addColumn('warnings', 'text', (column) => column.notNull())
    .execute();
  await sql`create index media_path on media (path) where stored = 1`.execute(db);
}

async function createJob(db: Kysely<unknown>): Promise<void> {
  await strict(db.schema.createTable('job'))
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('status', 'text', (column) =>
      column.notNull().check(sql`status in ('QUEUED', 'WORKING', 'COMPLETED', 'FAILED', 'CANCELLED')`),
    )
    .addColumn('title', 'text')
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('metadata', 'text')
    .addColumn('priority', 'integer', (column) => column.notNull())
    .addColumn('options', 'text', (column) => column.notNull())
    .addColumn('media_id', 'text', (column) => column.notNull().references('media.id'))
    .addColumn('api_key_id', 'text')
    // Who queues, also where nobody has told who calls: fairness needs a name for each.
    .addColumn('caller', 'text', (column) => column.generatedAlwaysAs(sql`coalesce(api_key_id, '')`).stored())
    .addColumn('idempotency_key', 'text')
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addColumn('queued_at', 'integer', (column) => column.notNull())
    .addColumn('started_at', 'integer')
    .addColumn('finished_at', 'integer')
    .addColumn('cancel_requested_at', 'integer')
    .addColumn('stage', 'text', (column) => column.notNull())
    .addColumn('fraction', 'real', (column) => column.notNull())
    .addColumn('processed_seconds', 'real', (column) => column.notNull())
    .addColumn('eta_seconds', 'real')
    .addColumn('speed', 'real')
    .addColumn('language_code', 'text')
    .addColumn('language_probability', 'real')
    .addColumn('failure', 'text')
    .addColumn('segment_count', 'integer', (column) => column.notNull())
    .addColumn('checkpoint', 'text')
    .addColumn('crashes', 'integer', (column) => column.notNull())
    .addColumn('begun', 'integer', (column) => column.notNull())
    .addColumn('event_seq', 'integer', (column) => column.notNull())
    .execute();
  await indexJob(db);
}

async function indexJob(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex('job_created').on('job').columns(['created_at', 'id']).execute();
  await db.schema.createIndex('job_status').on('job').columns(['status', 'created_at', 'id']).execute();
  await db.schema
    .createIndex('job_queue')
    .on('job')
    .columns(['status', 'priority desc', 'begun desc', 'caller', 'queued_at', 'id'])
    .execute();
  await db.schema
    .createIndex('job_idempotency')
    .on('job')
    .columns(['idempotency_key', 'caller', 'created_at'])
    .where(sql.ref('idempotency_key'), 'is not', null)
    .execute();
  await db.schema.createIndex('job_media').on('job').column('media_id').execute();
  // What is older than it is to be kept.
  await sql`create index job_finished on job (finished_at, id) where finished_at is not null`.execute(db);
}

/** Jobs that were deleted, until nothing of them is left. */
async function createDeletion(db: Kysely<unknown>): Promise<void> {
  await strict(db.schema.createTable('deletion'), 'without rowid')
    .addColumn('job_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('time', 'integer', (column) => column.notNull())
    .execute();
}

/** Whose turn it is: the number of the last job that each caller had started at a priority. */
async function createTurn(db: Kysely<unknown>): Promise<void> {
  await strict(db.schema.createTable('turn'), 'without rowid')
    .addColumn('priority', 'integer', (column) => column.notNull())
    .addColumn('caller', 'text', (column) => column.notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('turn_key', ['priority', 'caller'])
    .execute();
}

async function createAttempt(db: Kysely<unknown>): Promise<void> {
  await strict(db.schema.createTable('attempt'))
    .addColumn('job_id', 'text', (column) => column.notNull().references('job.id').onDelete('cascade'))
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('lease', 'text', (column) => column.notNull())
    .addColumn('worker', 'text', (column) => column.notNull())
    .addColumn('device', 'text')
    .addColumn('pid', 'integer')
    .addColumn('pid_start_time', 'text')
    .addColumn('started_at', 'integer', (column) => column.notNull())
    .addColumn('renewed_at', 'integer', (column) => column.notNull())
    .addColumn('finished_at', 'integer')
    .addColumn('outcome', 'text')
    .addColumn('exit_code', 'integer')
    .addColumn('signal', 'text')
    .addColumn('peak_memory_bytes', 'integer')
    .addColumn('provenance', 'text')
    .addPrimaryKeyConstraint('attempt_key', ['job_id', 'number'])
    .execute();
  // At most one attempt of a job is open; also the list of those that a start finds without a worker.
  await db.schema
    .createIndex('attempt_open')
    .unique()
    .on('attempt')
    .column('job_id')
    .where(sql.ref('finished_at'), 'is', null)
    .execute();
  // How long jobs take of late.
  await sql`create index attempt_completed on attempt (finished_at, started_at) where outcome = 'COMPLETED'`.execute(
    db,
  );
}

async function createSegment(db: Kysely<unknown>): Promise<void> {
  await strict(db.schema.createTable('segment'), 'without rowid')
    // No foreign key, here and for events: what a long job leaves is deleted slice by slice when the job is gone.
    .addColumn('job_id', 'text', (column) => column.notNull())
    .addColumn('index', 'integer', (column) => column.notNull())
    .addColumn('start_ms', 'integer', (column) => column.notNull())
    .addColumn('end_ms', 'integer', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('language', 'text')
    .addColumn('speaker', 'text')
    .addColumn('avg_log_probability', 'real')
    .addColumn('no_speech_probability', 'real')
    .addColumn('guard', 'text')
    .addColumn('words', 'text')
    .addPrimaryKeyConstraint('segment_key', ['job_id', 'index'])
    .execute();
}

async function createEvent(db: Kysely<unknown>): Promise<void> {
  await strict(db.schema.createTable('event'), 'without rowid')
    .addColumn('job_id', 'text', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('time', 'integer', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('data', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('event_key', ['job_id', 'seq'])
    .execute();
}

async function createLog(db: Kysely<unknown>): Promise<void> {
  await strict(db.schema.createTable('log'))
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement().notNull())
    .addColumn('time', 'integer', (column) => column.notNull())
    // 10 DEBUG, 20 INFO, 30 WARN, 40 ERROR: "this one and above" is a comparison.
    .addColumn('level', 'integer', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    // No foreign key: a line about a job that was deleted meanwhile must not fail the lines beside it.
    .addColumn('job_id', 'text')
    .addColumn('fields', 'text')
    .execute();
  await db.schema.createIndex('log_time').on('log').columns(['time', 'id']).execute();
  await db.schema.createIndex('log_job').on('log').columns(['job_id', 'id']).execute();
  // The few lines that somebody looks for among the many.
  await sql`create index log_warn on log (time, id) where level >= 30`.execute(db);
  await sql`create index log_error on log (time, id) where level >= 40`.execute(db);
}

async function createSetting(db: Kysely<unknown>): Promise<void> {
  await strict(db.schema.createTable('setting'))
    .addColumn('key', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'integer', (column) => column.notNull())
    .addColumn('changed_by', 'text', (column) => column.notNull())
    .execute();
  // One row that is written to see whether the disk takes a write.
  await strict(db.schema.createTable('probe'))
    .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('time', 'integer', (column) => column.notNull())
    .execute();
}

/** SQLite checks the types of a strict table as PostgreSQL does. */
function strict<T extends string>(table: CreateTableBuilder<T>, more?: 'without rowid'): CreateTableBuilder<T> {
  return table.modifyEnd(more === undefined ? sql`strict` : sql`strict, without rowid`);
}
