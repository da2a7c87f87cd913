import type { LimitFunction } from 'p-limit';
import { PhonographError } from '../../js/client.ts';
import { TranscribeDocument, type TranscribeInput } from '../../js/operations.ts';
import type { UploadProgress } from '../../js/upload.ts';
import { CommandError } from '../errors.ts';
import { CancelDocument, DeleteJobDocument, JobDetailsDocument, RetryDocument } from '../operations.ts';
import { asCommandError, type Session } from '../session.ts';
import { readTranscript, thoseThere, writeTranscript } from './deliver.ts';
import type { Format } from './formats.ts';
import type { Interrupt } from './interrupt.ts';
import { idempotencyKeyOf, type Place, placesOf, type Recording } from './recordings.ts';
import type { Ended, Told } from './report.ts';
import { sendFile, type Sending } from './send.ts';

/** What is wanted of each recording. */
export interface Wanted {
  readonly formats: readonly Format[];
  /** A folder, or null for stdout; absent = beside the recording. */
  readonly output: string | null | undefined;
  readonly input: Omit<TranscribeInput, 'media'>;
  /** Makes transcripts anew that are there. */
  readonly overwrite: boolean;
  /** Takes the job and its recording off the server when the transcript is here. */
  readonly remove: boolean;
  /** Whether a job of an earlier call that has failed runs again. */
  readonly retry: boolean;
}

/** What all recordings of a command share. */
export interface Work {
  readonly session: Session;
  readonly wanted: Wanted;
  readonly interrupt: Pick<Interrupt, 'begin' | 'leave'>;
  /** Of how many recordings are sent at a time. */
  readonly sending: LimitFunction;
  /** Jobs that have not ended, to be cancelled by who asks for it. */
  readonly running: Set<string>;
  /** Whose transcript each file is: of no two recordings the same. */
  readonly taken: Map<string, string>;
  /** Looks for the files of one recording at a time: of two that have one file the first has it, each time. */
  readonly placing: LimitFunction;
  readonly tell: (recording: string, told: Told) => void;
}

/** Has a recording transcribed and its transcript written. Tells how it ended; throws only where the command is to end, too. */
export async function transcribeRecording(recording: Recording, work: Work): Promise<Ended> {
  const attempted = await attempt(recording, work);
  // A command side by side may have written it meanwhile, and have taken the job off the server.
  const paths = attempted.type === 'failed' ? await transcriptOf(recording, work) : null;
  const ended: Ended = paths === null ? attempted : { type: 'skipped', paths };
  work.tell(recording.name, ended);
  return ended;
}

/** The files of its transcript, where all are there and none is wanted anew; else null. */
export async function transcriptOf(recording: Recording, work: Work): Promise<readonly string[] | null> {
  if (work.wanted.overwrite) return null;
  const places = await placesFor(recording, work).catch(() => []);
  const there = await thoseThere(places.map(({ path }) => path));
  return places.length > 0 && there.length === places.length ? there : null;
}

async function attempt(recording: Recording, work: Work): Promise<Ended> {
  const { wanted, interrupt } = work;
  let job: string | null = null;
  try {
    const places = await placesFor(recording, work);
    const there = wanted.overwrite ? [] : await thoseThere(places.map(({ path }) => path));
    if (places.length > 0 && there.length === places.length) return { type: 'skipped', paths: there };
    if (interrupt.begin.aborted) return { type: 'cancelled', job };
    job = await submit(recording, work);
    work.running.add(job);
    const failure = await followToEnd(recording, job, work);
    if (failure !== null) return failure;
    return await deliver(
      job,
      places.filter(({ path }) => !there.includes(path)),
      work,
    );
  } catch (error) {
    // With its reason, which tells more than that something was aborted.
    work.session.signal.throwIfAborted();
    if (interrupt.begin.aborted) return { type: 'cancelled', job };
    const { message, hint } = asCommandError(error);
    const code = error instanceof PhonographError ? error.code : 'NOT_DONE';
    return { type: 'failed', job, code, message, hint };
  } finally {
    if (job !== null) work.running.delete(job);
  }
}

/** Where its transcript goes. Throws a CommandError where that of another recording goes there. */
async function placesFor(recording: Recording, { wanted, taken, placing }: Work): Promise<readonly Place[]> {
  const places = await placing(placesOf, recording, wanted);
  for (const { path } of places) {
    const other = taken.get(path) ?? recording.name;
    if (other !== recording.name)
      throw new CommandError(`${path} is for ${other}.`, undefined, 'Choose another folder by --output, or none.');
    taken.set(path, other);
  }
  return places;
}

/** Answers the id of the job: a new one, or that of an earlier call for the same recording and options. */
async function submit(recording: Recording, work: Work): Promise<string> {
  const { session, wanted, interrupt, sending, tell } = work;
  const onProgress = (progress: UploadProgress) => tell(recording.name, { type: 'sending', ...progress });
  const input = await sending(inputFor, recording, wanted.input, { session, signal: interrupt.begin, onProgress });
  const { existing, job } = await submitInput(session, input);
  const { id, status } = job;
  tell(recording.name, { type: 'accepted', job: id, existing });
  const hasEnded = status === 'FAILED' || status === 'CANCELLED';
  if (existing && hasEnded && wanted.retry) await session.ask(RetryDocument, { id });
  return id;
}

/** What is to be submitted of a recording: an address as it is, a file once all of it has arrived, under the key of what it was before. */
export async function inputFor(
  recording: Recording,
  options: Omit<TranscribeInput, 'media'>,
  sending: Sending,
): Promise<TranscribeInput> {
  const { source } = recording;
  const idempotencyKey = await idempotencyKeyOf(recording, options);
  const media = source.kind === 'URL' ? { url: source.url } : { uploadId: await sendFile(source.path, sending) };
  return { ...options, idempotencyKey, media };
}

/** Throws a PhonographError where the server refuses it. */
export async function submitInput(session: Session, input: TranscribeInput) {
  const { transcribe: result } = await session.ask(TranscribeDocument, { input });
  if (result.__typename !== 'TranscribeSuccess') throw new PhonographError(result);
  return result;
}

/** Null where the job is COMPLETED. */
async function followToEnd(
  { name }: Recording,
  job: string,
  { session, interrupt, tell }: Work,
): Promise<Ended | null> {
  const signal = AbortSignal.any([interrupt.leave, session.signal]);
  for await (const event of session.client.follow(job, { signal })) tell(name, { type: 'event', job, event });
  const { job: now } = await session.ask(JobDetailsDocument, { id: job });
  if (now?.status === 'COMPLETED') return null;
  if (now?.status === 'CANCELLED') return { type: 'cancelled', job };
  const { code, message, hint } = now?.failure ?? { code: 'NOT_FOUND', message: 'The job was deleted.', hint: null };
  return { type: 'failed', job, code, message, hint };
}

async function deliver(job: string, places: readonly Place[], { session, wanted }: Work): Promise<Ended> {
  const [first = 'txt'] = wanted.formats;
  const text = wanted.output === null ? await readTranscript(session, job, first) : undefined;
  for (const { format, path } of places) await writeTranscript(session, { job, format, path });
  if (wanted.remove) await session.ask(DeleteJobDocument, { id: job });
  return { type: 'written', job, paths: places.map(({ path }) => path), ...(text === undefined ? {} : { text }) };
}

/** Asks the server to cancel jobs; those that have ended meanwhile stay as they are. */
export async function cancelAll(session: Session, jobs: readonly string[]): Promise<void> {
  await Promise.all(jobs.map((id) => session.ask(CancelDocument, { id })));
}
