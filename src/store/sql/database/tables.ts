import type { Generated, GeneratedAlways } from 'kysely';
import type { Role } from '../../../config/api-key.ts';
import type { AttemptOutcome, JobEvent, JobStage, JobStatus } from '../../../jobs/job.ts';
import type { ModelRequestTable, WorkerTable } from '../work/worker-rows.ts';
import type { MessageType } from '../../webhooks.ts';
import type { NodeTables } from './node-tables.ts';
import type { DetectionTable, SpeakerTable, VoiceTable } from '../speakers/tables.ts';
import type { PartBatchTable, PartTable } from './part-tables.ts';

/** The tables as the newest migration leaves them. Times are milliseconds since 1970; columns marked JSON hold text. */
export interface Tables extends NodeTables {
  readonly job: JobTable;
  readonly job_count: JobCountTable;
  readonly job_tag: JobTagTable;
  readonly job_language: JobLanguageTable;
  readonly job_updated: JobUpdatedTable;
  readonly job_former: JobFormerTable;
  readonly job_title: NameTable;
  readonly job_media_name: NameTable;
  readonly turn: TurnTable;
  readonly deletion: DeletionTable;
  readonly deleted: DeletedTable;
  readonly media: MediaTable;
  readonly attempt: AttemptTable;
  readonly segment: SegmentTable;
  readonly event: EventTable;
  readonly cleared: ClearedTable;
  readonly download: DownloadTable;
  readonly edit: EditTable;
  readonly edited: EditedTable;
  readonly stale_edit: StaleEditTable;
  readonly speaker: SpeakerTable;
  readonly voice: VoiceTable;
  readonly detection: DetectionTable;
  readonly log: LogTable;
  readonly setting: SettingTable;
  readonly part: PartTable;
  readonly part_batch: PartBatchTable;
  readonly worker: WorkerTable;
  readonly model_request: ModelRequestTable;
  readonly api_key: ApiKeyTable;
  readonly webhook: WebhookTable;
  readonly delivery: DeliveryTable;
  readonly probe: ProbeTable;
  readonly search_job: SearchJobTable;
  readonly search_older: SearchOlderTable;
}

interface JobTable {
  readonly id: string;
  /** Its place among all jobs, the oldest first: see keyset.ts. */
  readonly number: number;
  readonly status: JobStatus;
  readonly title: string | null;
  /** JSON. */
  readonly tags: string;
  /** JSON. */
  readonly metadata: string | null;
  readonly priority: number;
  /** JSON. */
  readonly options: string;
  readonly media_id: string;
  readonly api_key_id: string | null;
  /** The `api_key_id`, or '' where there is none. */
  readonly caller: GeneratedAlways<string>;
  readonly idempotency_key: string | null;
  readonly created_at: number;
  /** When it came to wait, and later than all that came before it, whatever the clock said; a retry is a new arrival. */
  readonly arrival: number;
  /** Where it stands in the queue, of the same place by `arrival`; null where it does not wait, and until its recording is fetched. See order.ts. */
  readonly place: Generated<number | null>;
  /** What a worker must serve to run it. See `needsOf`. */
  readonly needs: string;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly cancel_requested_at: number | null;
  readonly stage: JobStage;
  readonly fraction: number;
  readonly processed_seconds: number;
  readonly eta_seconds: number | null;
  readonly speed: number | null;
  readonly language_code: string | null;
  readonly language_probability: number | null;
  /** JSON. */
  readonly failure: string | null;
  readonly segment_count: number;
  /** Which of its transcripts stands: 0 as it was heard, 1, 2 ... cut where the speaker changes. See revision.ts. */
  readonly revision: Generated<number>;
  /** How many times its speakers were told apart again. */
  readonly detections: Generated<number>;
  /** JSON. */
  readonly checkpoint: string | null;
  readonly crashes: number;
  /** Above 0 it is not given out: 1 while its recording may still be written to, 2 until it is fetched from its URL. */
  readonly settling: Generated<0 | 1 | 2>;
  readonly event_seq: number;
  /** Who is told of its end, beside the webhooks. */
  readonly callback_url: string | null;
  /** The span of the job, to which those of its attempts belong. */
  readonly traceparent: string | null;
  /** Of the last change that clients can see; of two changes of any jobs, the later has the greater. */
  readonly updated_at: number;
}

/** How many jobs there are; triggers keep it. */
interface JobCountTable {
  readonly status: JobStatus;
  readonly jobs: number;
}

interface JobTagTable {
  readonly tag: string;
  readonly number: number;
}

/** The languages of jobs; triggers keep them. */
interface JobLanguageTable {
  readonly language: string;
  readonly number: number;
}

/** The order in which jobs changed last; triggers keep it. */
interface JobUpdatedTable {
  readonly updated_at: number;
  readonly number: number;
}

/** What jobs have ceased to be with one of the newest changes; triggers keep it. */
interface JobFormerTable extends Pick<JobTable, 'number' | 'status' | 'title' | 'tags' | 'language_code'> {
  readonly id: Generated<number>;
  /** The `updated_at` of that change. */
  readonly time: number;
}

/** Texts with an index of every three characters in a row (FTS5). */
interface NameTable {
  /** The job's number. */
  readonly rowid: number;
  /** Folded. */
  readonly text: string;
}

interface TurnTable {
  readonly priority: number;
  readonly caller: string;
  /** Of the last job of the caller that was begun at this priority; 0 before the first. See order.ts, and for those above all jobs detections.ts. */
  readonly round: number;
}

type DeletionTable = Pick<DeletedTable, 'job_id' | 'time'>;

/** Whose a job was that is no more; kept for some days. */
interface DeletedTable {
  readonly job_id: string;
  readonly owner: string | null;
  /** By the same clock as `updated_at` of jobs, unless an older version has written it. */
  readonly time: number;
  readonly created_at: number;
  /** Of its audio, as far as that was known. */
  readonly seconds: number;
}

interface MediaTable {
  readonly id: string;
  readonly name: string;
  /** The media root as config.json names it; null where the server keeps a copy. */
  readonly root: string | null;
  /** Below the root, or the name of the copy. */
  readonly path: string;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly duration_seconds: number | null;
  readonly container: string | null;
  readonly codec: string | null;
  readonly sample_rate: number | null;
  readonly channels: number | null;
  /** JSON. */
  readonly warnings: string;
  /** JSON. */
  readonly tracks: Generated<string>;
  /** JSON; large, and not read with a job. */
  readonly peaks: string | null;
}

interface AttemptTable {
  readonly job_id: string;
  readonly number: number;
  readonly lease: string;
  readonly worker: string;
  readonly device: string | null;
  readonly pid: number | null;
  readonly pid_start_time: string | null;
  readonly started_at: number;
  readonly renewed_at: number;
  readonly finished_at: number | null;
  readonly outcome: AttemptOutcome | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly peak_memory_bytes: number | null;
  /** JSON. */
  readonly provenance: string | null;
}

interface SegmentTable {
  readonly job_id: string;
  /** Within all revisions: see revision.ts. */
  readonly index: number;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly text: string;
  readonly language: string | null;
  readonly speaker: string | null;
  readonly avg_log_probability: number | null;
  readonly no_speech_probability: number | null;
  readonly guard: string | null;
  /** JSON. */
  readonly words: string | null;
  /** The segment that it was cut out of, by its index as it was heard. */
  readonly part_of: number | null;
}

interface EventTable {
  readonly job_id: string;
  readonly seq: number;
  readonly time: number;
  readonly kind: JobEvent['kind'];
  /** JSON: the fact without its kind. */
  readonly data: string;
}

/** The events that voided what was transcribed before them. */
interface ClearedTable {
  readonly job_id: string;
  readonly seq: number;
}

/** Where the recording of a job is fetched from, until it is there. No client reads it. */
interface DownloadTable {
  readonly job_id: string;
  /** With its secrets. */
  readonly url: string;
  /** ETag of the bytes that have come; null where nothing tells them from those of another version. */
  readonly validator: string | null;
  /** 1 while its job waits for it; a trigger keeps this and the place in the queue. */
  readonly waiting: 0 | 1;
  readonly caller: string;
  readonly priority: number;
  readonly queued_at: number;
}

/** What somebody has made of a segment; only what is named in `edited` counts. */
interface EditTable extends Pick<
  SegmentTable,
  'job_id' | 'index' | 'start_ms' | 'end_ms' | 'text' | 'speaker' | 'words'
> {
  /** A segment has two places, so that the next edit can be written while the last one stands. */
  readonly place: 1 | 2;
}

/** Which edit stands for a segment. What the engine heard stands for those that are not named. */
type EditedTable = Pick<EditTable, 'job_id' | 'index' | 'place'>;

/** Jobs that may have edits which stand for nothing, or events which never came to be. */
interface StaleEditTable {
  readonly job_id: string;
}

interface LogTable {
  readonly id: Generated<number>;
  readonly time: number;
  /** 10 DEBUG, 20 INFO, 30 WARN, 40 ERROR. */
  readonly level: number;
  readonly event: string;
  readonly message: string;
  readonly job_id: string | null;
  /** JSON. */
  readonly fields: string | null;
  /** Of this line and all that were kept when it was written. */
  readonly total_bytes: number;
}

interface SettingTable {
  readonly key: string;
  /** JSON. */
  readonly value: string;
  readonly changed_at: number;
  readonly changed_by: string;
}

interface ApiKeyTable {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Of the token, in hex. */
  readonly sha256: string;
  readonly prefix: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
  readonly revoked_at: number | null;
}

interface WebhookTable {
  readonly id: string;
  readonly url: string;
  /** JSON. */
  readonly events: string;
  readonly secret: string;
  /** The name of an API key; null where none was needed. */
  readonly owner: string | null;
  /** 1 where it hears of every job, 0 where of its owner's alone. */
  readonly every_job: 0 | 1;
  readonly created_at: number;
  /** When a message last arrived. */
  readonly succeeded_at: number | null;
  readonly disabled_at: number | null;
}

/** A message, and how far it is on its way. */
interface DeliveryTable {
  /** In the order in which they came. */
  readonly number: Generated<number>;
  readonly id: string;
  /** What is sent in turns: the id of its webhook, or the callbacks of one caller. */
  readonly lane: string;
  /** Null for the callback of a job, which has a `url` of its own. */
  readonly webhook_id: string | null;
  readonly url: string | null;
  readonly job_id: string | null;
  /** Of the job. */
  readonly owner: string | null;
  readonly event: MessageType;
  /** JSON: what is told of the job; null once it is on its way no more. */
  readonly data: string | null;
  readonly created_at: number;
  readonly attempts: Generated<number>;
  /** Null once it is on its way no more. */
  readonly next_attempt_at: number | null;
  readonly delivered_at: number | null;
  readonly status: number | null;
  readonly problem: string | null;
}

interface ProbeTable {
  readonly id: number;
  readonly time: number;
}

interface SearchJobTable {
  readonly number: Generated<number>;
  /** Null: the entries are of a transcript that is no more. */
  readonly job_id: string | null;
  /** How many of its segments are indexed. */
  readonly segments: number;
  /** The job that it will be of once a transcript that is being prepared stands. */
  readonly prepared_for: string | null;
}

interface SearchOlderTable {
  readonly id: number;
  readonly number: number;
}
