import type { Part, WholeRecording } from '#src/store/parts.ts';
import type { Ending } from '#src/store/work.ts';
import type { JobLine } from '../engine-request.ts';
import { endingOf } from '../outcome.ts';
import { type LineOf, parseLine } from '../protocol.ts';
import type { Run } from '../run-context.ts';
import { converse, type Listener, writeUnder } from '../run-engine.ts';

/** A transcript that is whole: its last checkpoint stands in the line. */
interface ReadJob {
  readonly line: JobLine;
  readonly whole: WholeRecording;
  readonly provenance: Part['provenance'];
}

/** Has an engine say how a transcript ends that several have read, which takes neither the recording nor a model. Null where nothing may be written. */
export async function endJob(run: Run, { line, whole, provenance }: ReadJob): Promise<Ending | null> {
  const { parts, claim } = run;
  const { store } = parts;
  const { lease } = claim;
  const write = writeUnder(run);
  const job = (await store.job(claim.job.id)) ?? claim.job;
  const stage = job.options.diarize ? 'DIARIZING' : 'FINISHING';
  await write('enterStage', () => store.enterStage(lease, { ...job.progress, stage }));
  const listener = openEnd();
  const ended = await converse(run, {
    line: { ...line, silent: whole.isSilent },
    mode: '--end',
    listener,
    saveProcess: (process) => store.saveProcess(lease, process),
  });
  const ending = endingOf({ ...ended, provenance });
  if (ending?.kind !== 'COMPLETED') return ending;
  const warnings = [
    ...new Set([...whole.media.warnings, ...(listener.last?.type === 'end' ? listener.last.warnings : [])]),
  ];
  if (warnings.length > whole.media.warnings.length)
    await write('saveMedia', () => store.saveMedia(lease, { ...whole.media, warnings }));
  return { ...ending, processedSeconds: whole.readSeconds };
}

/** Hears nothing but the last word. */
function openEnd(): Listener {
  let last: LineOf<'end'> | LineOf<'error'> | null = null;
  return {
    get last() {
      return last;
    },
    provenance: null,
    isStopped: false,
    length: () => ({ knownSeconds: 0, isFinal: true }),
    take(text) {
      const line = parseLine(text);
      if (line?.type === 'end' || line?.type === 'error') last = line;
      return { isCheckpoint: false };
    },
  };
}
