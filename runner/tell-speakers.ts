import type { Config } from '#src/config/config.ts';
import type { Job, SpeakerBounds } from '#src/jobs/job.ts';
import type { CutSegment } from '#src/jobs/transcript.ts';
import type { Log } from '#src/logs/log.ts';
import type { SpeakerStore } from '#src/store/store.ts';
import { type Child, startChild } from './process/child.ts';
import { type CutLine, EngineProtocolError, parseCutLine } from './protocol.ts';
import { startWatchdog } from './watchdog.ts';

/** Speakers cannot be told apart now; the transcript is as good as it was. The message is a sentence for a person. */
export class SpeakersError extends Error {
  override readonly name = 'SpeakersError';
}

/** What speakers are told apart with. */
export interface TellingParts {
  readonly store: Pick<SpeakerStore, 'voices' | 'heardSegments'>;
  readonly config: Config;
  readonly log: Log;
}

/** Whose speakers, and how. */
export interface Telling {
  readonly job: Pick<Job, 'id' | 'language'>;
  readonly bounds: SpeakerBounds;
  /** Of how many clips voices were heard; null where that is not known. */
  readonly voices: number | null;
  /** Ends the engine. */
  readonly signal: AbortSignal;
  /** Told of the engine before it has anything to do. */
  readonly started?: (child: Child) => Promise<void>;
}

/** What the engine takes for 24 h, hundreds of times over. */
const limitSeconds = 900;

/**
 * Has an engine of its own cut the transcript of a job where the speaker changes, by the voices that were heard: see runner/engine/PROTOCOL.md. Parts come as the
 * engine says them. Throws SpeakersError.
 */
export async function* tellSpeakers(parts: TellingParts, telling: Telling): AsyncGenerator<readonly CutSegment[]> {
  const { engineCommand, engineSilenceSeconds, engineStopSeconds } = parts.config.server;
  const { signal } = telling;
  using child = startChild([...engineCommand, '--speakers']);
  let problem: string | null = null;
  const end = (why: string): void => {
    problem ??= why;
    // A group that cannot be signalled is waited for below all the same.
    child.end(engineStopSeconds * 1000).catch(() => undefined);
  };
  const onAbort = (): void => end('it was ended');
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  using watchdog = startWatchdog({
    silenceSeconds: engineSilenceSeconds,
    limitSeconds: () => limitSeconds,
    onHalt: () => end('the engine said nothing for too long'),
  });
  const feeding = feed(parts.store, child, telling).catch((error: unknown) => {
    end(error instanceof SpeakersError ? error.message : 'what it needs cannot be read');
    return null;
  });
  const heard = openCount();
  try {
    if (child.pid === undefined) throw new SpeakersError('The engine cannot be started.');
    await telling.started?.(child);
    for await (const texts of child.lines) {
      watchdog.reset();
      const segments = takeLines(texts, heard);
      if (segments.length > 0) yield segments;
      if (heard.last !== null) break;
    }
    const sent = problem === null ? await feeding : null;
    heard.check(problem, sent);
  } catch (error) {
    throw error instanceof EngineProtocolError
      ? new SpeakersError(`The engine is not understood: ${error.message}.`)
      : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (heard.last?.type !== 'end') {
      end('it is not needed');
      parts.log.warn({ job: telling.job.id, text: child.stderrTail() }, 'speakers not told apart');
    }
    child.endInput();
    await child.gone;
    await feeding;
  }
}

/** How far the engine has come, and whether it is all that it was asked for. */
function openCount() {
  let [segments, lastPart] = [0, -1];
  return {
    last: null as Extract<CutLine, { type: 'end' | 'error' }> | null,
    /** Each segment has at least one part. */
    add({ partOf }: CutSegment): void {
      if (partOf !== lastPart && partOf !== lastPart + 1)
        throw new EngineProtocolError(`a part of segment ${partOf} came after one of ${lastPart}`);
      lastPart = partOf;
      segments += 1;
    },
    /** Throws SpeakersError. */
    check(problem: string | null, sent: number | null): void {
      if (problem !== null) throw new SpeakersError(`The engine was ended: ${problem}.`);
      if (this.last === null) throw new SpeakersError('The engine ended without a word.');
      if (this.last.type === 'error') throw new SpeakersError(this.last.message);
      if (sent !== lastPart + 1 || this.last.segments !== segments)
        throw new SpeakersError('The engine has not said all that it was given.');
    },
  };
}

function takeLines(texts: readonly string[], heard: ReturnType<typeof openCount>): readonly CutSegment[] {
  const segments: CutSegment[] = [];
  for (const text of texts) {
    const line = heard.last === null ? parseCutLine(text) : null;
    if (line === null) continue;
    if (line.type !== 'segment') {
      heard.last = line;
      continue;
    }
    const { type: _type, words, ...rest } = line;
    const segment = { ...rest, words: words?.map((word) => ({ ...word, speaker: line.speaker })) ?? null };
    heard.add(segment);
    segments.push(segment);
  }
  return segments;
}

/** Gives an engine what it needs, as fast as it reads: how many segments; null where it has ended before it was given all. */
async function feed(
  store: TellingParts['store'],
  child: Child,
  { job, bounds, voices }: Telling,
): Promise<number | null> {
  const say = (line: object) => child.write(JSON.stringify(line));
  const language = job.language?.code ?? null;
  if (!(await say({ type: 'speakers', protocol: 1, ...bounds, language }))) return null;
  let clips = 0;
  for (let after = -1; ;) {
    const some = await store.voices(job.id, after);
    for (const { clip, pieces } of some) if (!(await say({ type: 'voices', clip, pieces }))) return null;
    clips += some.length;
    const last = some.at(-1);
    if (last === undefined) break;
    after = last.clip;
  }
  if (voices !== null && voices !== clips)
    throw new SpeakersError(`voices of ${clips} clips are kept, and not of ${voices}`);
  let segments = 0;
  for (;;) {
    const some = await store.heardSegments(job.id, segments - 1);
    for (const { index, ...segment } of some)
      if (!(await say({ ...segment, type: 'segment', partOf: index }))) return null;
    if (some.length === 0) break;
    segments += some.length;
  }
  return (await say({ type: 'end' })) ? segments : null;
}
