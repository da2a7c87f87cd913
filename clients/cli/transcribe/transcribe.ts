import pLimit from 'p-limit';
import { CommandError, exitCodes } from '../errors.ts';
import { write } from '../output.ts';
import { openScreen, type Screen } from '../screen.ts';
import { type GlobalOptions, openSession, type Session } from '../session.ts';
import type { Format } from './formats.ts';
import { type Interrupt, openInterrupt } from './interrupt.ts';
import { cancelAll, transcribeRecording, type Wanted, type Work } from './recording-job.ts';
import { type Recording, recordingsOf } from './recordings.ts';
import { type Ended, reportAsJson, reportOnScreen } from './report.ts';
import { watchFolder } from './watch.ts';

/** The options of `transcribe` and of `watch`. */
export interface TranscribeOptions extends GlobalOptions {
  readonly format: readonly Format[];
  readonly output?: string;
  readonly language?: string;
  readonly mode?: 'HIGH_ACCURACY' | 'LOW_LATENCY' | 'TURBO' | 'COMPACT';
  readonly translate?: boolean;
  readonly prompt?: string;
  readonly tag?: readonly string[];
  readonly priority?: number;
  readonly speakers?: number | true;
  readonly recursive?: boolean;
  readonly overwrite?: boolean;
  readonly remove?: boolean;
  readonly watch?: boolean;
}

/** Of a queue that may hold thousands, as many are with the server at a time: it has the next ones ready, and two of them are sent meanwhile. */
const [atATime, sentAtATime] = [32, 2];

/** `phonograph transcribe INPUT...` and `phonograph watch FOLDER`. */
export async function runTranscribe(inputs: readonly string[], options: TranscribeOptions): Promise<void> {
  const isWatching = options.watch === true;
  requireSense(inputs, options);
  const recordings = isWatching ? [] : await recordingsOf(inputs, options.recursive === true);
  const isAlone = !isWatching && recordings.length === 1;
  using screen = openScreen();
  using interrupt = openInterrupt(screen);
  const say = (text: string) => options.json === true || screen.line(text);
  await using session = await openSession(options, {
    signal: interrupt.leave,
    say: (text) => say(text),
    transcribes: true,
  });
  await requireAbilities(session, recordings, options);
  using reporter =
    options.json === true
      ? reportAsJson()
      : reportOnScreen(screen, {
          total: isWatching ? null : recordings.length,
          showsText: isAlone && screen.isTerminal && options.output !== '-',
        });
  const work = workOf(session, { options, interrupt, tell: (...told) => reporter.tell(...told) });
  interrupt.about({
    running: () => [...work.running],
    cancel: (jobs) => cancelAll(session, jobs),
    fate: () =>
      session.isOwn
        ? 'What is left goes on when a server is started again.'
        : 'What is left goes on without this program.',
  });
  if (isWatching) {
    say(`Watching ${inputs.join(', ')}. Ctrl-C ends it.`);
    await watchFolder(inputs[0] ?? '.', {
      recursive: options.recursive === true,
      signal: interrupt.begin,
      work: { ...work, limit: pLimit(atATime) },
    });
    return;
  }
  const limit = pLimit(atATime);
  const ended = await Promise.all(recordings.map((recording) => limit(transcribeRecording, recording, work)));
  if (options.output === '-' && options.json !== true) for (const each of ended) writeText(each);
  if (session.isOwn && !interrupt.begin.aborted) await finishOthers(session, screen);
  requireDone(ended, interrupt);
}

function requireSense(inputs: readonly string[], { watch, output, format }: TranscribeOptions): void {
  if (watch === true && inputs.length !== 1) throw new CommandError('Watch one folder.', exitCodes.usage);
  if (watch === true && output === '-') throw new CommandError('What is watched is written to files.', exitCodes.usage);
  if (output === '-' && format.length > 1) throw new CommandError('To stdout goes one format.', exitCodes.usage);
}

async function requireAbilities(
  session: Session,
  recordings: readonly Recording[],
  { speakers }: TranscribeOptions,
): Promise<void> {
  if (session.viewer.role === 'READER') {
    throw new CommandError('This API key may read, and submit nothing.', exitCodes.forbidden);
  }
  if (speakers !== undefined) await session.require('options', 'diarize', 'telling speakers apart');
  if (recordings.some(({ source }) => source.kind === 'URL'))
    await session.require('media', 'url', 'fetching a recording from an address');
}

interface Parts {
  readonly options: TranscribeOptions;
  readonly interrupt: Interrupt;
  readonly tell: Work['tell'];
}

function workOf(session: Session, { options, interrupt, tell }: Parts): Work {
  return {
    session,
    wanted: wantedOf(options),
    interrupt,
    sending: pLimit(sentAtATime),
    running: new Set(),
    taken: new Map(),
    placing: pLimit(1),
    tell,
  };
}

function wantedOf(options: TranscribeOptions): Wanted {
  const { format, output, overwrite = false, remove = false, watch = false } = options;
  return {
    formats: format,
    output: output === '-' ? null : output,
    input: inputOf(options),
    overwrite,
    remove,
    // Who asks again wants it; a folder that is watched has its failures behind it.
    retry: !watch,
  };
}

function inputOf({ language, mode, translate, prompt, tag, priority, speakers }: TranscribeOptions): Wanted['input'] {
  const bounds = typeof speakers === 'number' ? { minSpeakers: speakers, maxSpeakers: speakers } : {};
  return {
    ...(language === undefined ? {} : { language: language === 'auto' ? null : language }),
    ...(mode === undefined ? {} : { mode }),
    ...(translate === true ? { task: 'TRANSLATE' } : {}),
    ...(prompt === undefined ? {} : { initialPrompt: prompt }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(priority === undefined ? {} : { priority }),
    ...(speakers === undefined ? {} : { diarize: true, ...bounds }),
  };
}

function writeText(ended: Ended): void {
  if (ended.type === 'written' && ended.text !== undefined)
    write(ended.text.endsWith('\n') ? ended.text : `${ended.text}\n`);
}

/** Others may have given work to the server that is about to end, and found work of earlier times there. */
async function finishOthers(session: Session, screen: Screen): Promise<void> {
  const timer = setTimeout(
    () => screen.line('The server has other jobs, too; it ends when they are done. Ctrl-C ends it now.'),
    1500,
  );
  await session.untilIdle().finally(() => clearTimeout(timer));
}

function requireDone(ended: readonly Ended[], { begin }: Interrupt): void {
  begin.throwIfAborted();
  const failed = ended.filter(({ type }) => type === 'failed').length;
  const cancelled = ended.filter(({ type }) => type === 'cancelled').length;
  if (failed + cancelled > 0) throw new CommandError('');
}
