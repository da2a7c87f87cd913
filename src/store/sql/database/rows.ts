import { type Kysely, type Selectable, type SelectQueryBuilder, sql } from 'kysely';
import type { Attempt, Job, JobEvent, Media, MediaKey } from '../../../jobs/job.ts';
import { type Segment, segmentId, type StoredSegment, type Word } from '../../../jobs/transcript.ts';
import { editedSegment, type Wording } from '../../../transcripts/editing/apply-edit.ts';
import { firstOf, indexIn } from './revision.ts';
import { parseFact, parseFailure, parseObject, parseOptions, parseTexts, parseTracks, parseWords } from './json.ts';
import type { Tables } from './tables.ts';

/** A job's row with its recording's beside it. */
export type JobRow = Omit<
  Selectable<Tables['job']>,
  | 'media_id'
  | 'caller'
  | 'idempotency_key'
  | 'arrival'
  | 'place'
  | 'needs'
  | 'checkpoint'
  | 'crashes'
  | 'settling'
  | 'callback_url'
  | 'traceparent'
  | 'revision'
  | 'detections'
> &
  MediaRow & { readonly edited: 0 | 1 };

type MediaRow = Omit<Selectable<Tables['media']>, 'id' | 'peaks'>;

/** A time column as a Date. */
export function toDate(time: number): Date;
export function toDate(time: number | null): Date | null;
export function toDate(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}

/** The job of a row. */
export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    status: row.status,
    title: row.title,
    metadata: parseObject(row.metadata),
    tags: parseTexts(row.tags),
    owner: row.api_key_id,
    priority: row.priority,
    createdAt: toDate(row.created_at),
    startedAt: toDate(row.started_at),
    finishedAt: toDate(row.finished_at),
    cancelRequestedAt: toDate(row.cancel_requested_at),
    media: toMedia(row),
    options: parseOptions(row.options),
    progress: {
      stage: row.stage,
      fraction: row.fraction,
      processedSeconds: row.processed_seconds,
      etaSeconds: row.eta_seconds,
      speed: row.speed,
    },
    language:
      row.language_code === null ? null : { code: row.language_code, probability: row.language_probability ?? 0 },
    failure: parseFailure(row.failure),
    segmentCount: row.segment_count,
    edited: row.edited === 1,
    lastEventSeq: row.event_seq,
    updatedAt: toDate(row.updated_at),
  };
}

/** By what a recording is found. */
export function toMediaKey({ root, path }: Pick<MediaRow, 'root' | 'path'>): MediaKey {
  return root === null ? { kept: path } : { root, path };
}

function toMedia(row: MediaRow): Media {
  return {
    name: row.name,
    key: toMediaKey(row),
    bytes: row.bytes,
    sha256: row.sha256,
    durationSeconds: row.duration_seconds,
    container: row.container,
    codec: row.codec,
    sampleRate: row.sample_rate,
    channels: row.channels,
    warnings: parseTexts(row.warnings),
    tracks: parseTracks(row.tracks),
  };
}

/** The attempt of a row. */
export function toAttempt(row: Selectable<Tables['attempt']>): Attempt {
  return {
    number: row.number,
    startedAt: toDate(row.started_at),
    finishedAt: toDate(row.finished_at),
    outcome: row.outcome,
    device: row.device,
    worker: row.worker,
    provenance: parseObject(row.provenance),
    exitCode: row.exit_code,
    signal: row.signal,
    peakMemoryBytes: row.peak_memory_bytes,
  };
}

/** The segment of a row as the engine heard it. */
export function toHeard(row: Selectable<Tables['segment']>): Segment {
  return {
    index: indexIn(row.index),
    startSeconds: row.start_ms / 1000,
    endSeconds: row.end_ms / 1000,
    text: row.text,
    language: row.language,
    speaker: row.speaker,
    avgLogProbability: row.avg_log_probability,
    noSpeechProbability: row.no_speech_probability,
    guard: row.guard,
    words: saidBy(row.speaker, row.words),
  };
}

/** A segment's row with the edit beside it that stands for it. */
export type SegmentRow = Selectable<Tables['segment']> & {
  readonly [Column in keyof Omit<Selectable<Tables['edit']>, 'job_id' | 'index'> as `edited_${Column}`]:
    | Selectable<Tables['edit']>[Column]
    | null;
};

/** Segments as they are now; the caller says which, by their indexes in the revision that is meant. */
export function selectSegments(db: Kysely<Tables>) {
  return db
    .selectFrom('segment')
    .leftJoin('edited', (join) =>
      join.onRef('edited.job_id', '=', 'segment.job_id').onRef('edited.index', '=', 'segment.index'),
    )
    .leftJoin('edit', (join) =>
      join
        .onRef('edit.job_id', '=', 'edited.job_id')
        .onRef('edit.index', '=', 'edited.index')
        .onRef('edit.place', '=', 'edited.place'),
    )
    .select(segmentColumns)
    .select([
      'edit.place as edited_place',
      'edit.start_ms as edited_start_ms',
      'edit.end_ms as edited_end_ms',
      'edit.text as edited_text',
      'edit.words as edited_words',
    ])
    .select([nowSpeaker('segment.speaker').as('speaker'), nowSpeaker('edit.speaker').as('edited_speaker')]);
}

const segmentColumns = [
  'segment.job_id',
  'segment.index',
  'segment.start_ms',
  'segment.end_ms',
  'segment.text',
  'segment.language',
  'segment.avg_log_probability',
  'segment.no_speech_probability',
  'segment.guard',
  'segment.words',
  'segment.part_of',
] as const;

/** Who says segments, as they were heard and as somebody has edited them; the caller says which. */
export function selectSpeakers(db: Kysely<Tables>) {
  return selectSegments(db)
    .clearSelect()
    .select(['segment.index', 'edit.place'])
    .select([nowSpeaker('segment.speaker').as('heard'), nowSpeaker('edit.speaker').as('edited')]);
}

/** Whom a speaker was merged into, or that one. */
function nowSpeaker(column: 'segment.speaker' | 'edit.speaker') {
  const key = sql.ref(column);
  return sql<string | null>`coalesce(
    (select merged_into from speaker where speaker.job_id = segment.job_id and speaker.key = ${key}),
    ${key}
  )`;
}

/** How somebody has worded the segment of a row; null where nobody has. */
export function toWording(row: SegmentRow): Wording | null {
  if (row.edited_text === null) return null;
  return {
    startSeconds: (row.edited_start_ms ?? row.start_ms) / 1000,
    endSeconds: (row.edited_end_ms ?? row.end_ms) / 1000,
    text: row.edited_text,
    speaker: row.edited_speaker,
    words: saidBy(row.edited_speaker, row.edited_words),
  };
}

/** The words of a segment are said by whom it is said by, also after that one was merged. */
function saidBy(speaker: string | null, text: string | null): readonly Word[] | null {
  const words = parseWords(text);
  return words === null || words[0]?.speaker === speaker ? words : words.map((word) => ({ ...word, speaker }));
}

/** The segment of a row as it is now. */
function toSegment(row: SegmentRow): Segment {
  const wording = toWording(row);
  return wording === null ? toHeard(row) : editedSegment(toHeard(row), wording);
}

/** The event of a row. */
export function toEvent(row: Selectable<Tables['event']> & Clears): JobEvent {
  const place = { jobId: row.job_id, seq: row.seq, time: toDate(row.time) };
  const fact = parseFact(row.kind, row.data);
  if (fact.kind !== 'SEGMENTS_ADDED' && fact.kind !== 'SEGMENTS_CHANGED') return { ...fact, ...place };
  return { ...fact, segments: fact.segments.map((segment) => named(segment, row)), ...place };
}

/** How many times the transcript of a job was cleared. */
interface Clears {
  readonly clears: number;
}

function named(segment: Segment, { job_id: jobId, clears }: { readonly job_id: string } & Clears): StoredSegment {
  return { ...segment, id: segmentId(jobId, clears, segment.index) };
}

/** The segment of a row, with its name. */
export function toStoredSegment(row: SegmentRow & Clears): StoredSegment {
  return named(toSegment(row), row);
}

/** Counts them in the statement that reads what it is asked for: all of them, or those before each event that it reads. */
export function countClears(jobId: string, those: 'all' | 'before event' = 'all') {
  const before = those === 'all' ? sql`` : sql`and cleared.seq < event.seq`;
  return sql<number>`(select count(*) from cleared where cleared.job_id = ${jobId} ${before})`.as('clears');
}

const jobColumns = [
  'job.id',
  'job.number',
  'job.api_key_id',
  'job.status',
  'job.title',
  'job.tags',
  'job.metadata',
  'job.priority',
  'job.options',
  'job.created_at',
  'job.started_at',
  'job.finished_at',
  'job.cancel_requested_at',
  'job.stage',
  'job.fraction',
  'job.processed_seconds',
  'job.eta_seconds',
  'job.speed',
  'job.language_code',
  'job.language_probability',
  'job.failure',
  'job.segment_count',
  'job.event_seq',
  'job.updated_at',
  'media.name',
  'media.root',
  'media.path',
  'media.bytes',
  'media.sha256',
  'media.duration_seconds',
  'media.container',
  'media.codec',
  'media.sample_rate',
  'media.channels',
  'media.warnings',
  'media.tracks',
] as const;

/** Jobs with their recordings; the caller says which. The checkpoint stays where it is: it is large, and no client sees it. */
export function selectJob(db: Kysely<Tables>): SelectQueryBuilder<Tables, 'job' | 'media', JobRow> {
  return db
    .selectFrom('job')
    .innerJoin('media', 'media.id', 'job.media_id')
    .select(jobColumns)
    .select(isEdited.as('edited'));
}

/** Whether a segment of `job` is not as the engine heard it, or said by another speaker: 1 or 0. Who was merged without being heard has said edited segments alone. */
export const isEdited = sql<0 | 1>`(
  exists (
    select 1 from edited
    where edited.job_id = job.id and edited."index" >= ${firstOf('job.revision')}
      and edited."index" < ${firstOf('job.revision + 1')}
  )
  or exists (
    select 1 from speaker
    where speaker.job_id = job.id and speaker.merged_into is not null and speaker.heard = 1
  )
)`;

/** One job, or null. */
export async function readJob(db: Kysely<Tables>, id: string): Promise<Job | null> {
  const row = await selectJob(db).where('job.id', '=', id).executeTakeFirst();
  return row === undefined ? null : toJob(row);
}

/** One job that is known to be there, since this transaction wrote it. */
export async function readOwnJob(db: Kysely<Tables>, id: string): Promise<Job> {
  return toJob(await selectJob(db).where('job.id', '=', id).executeTakeFirstOrThrow());
}

/** A deleted job has nothing at once, though it goes slice by slice: half of its events would be a gap. */
export function isKnown(jobId: string) {
  return sql<boolean>`exists (select 1 from job where job.id = ${jobId})`;
}
