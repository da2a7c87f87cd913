import type { JobEvent } from '../../js/transcript.ts';
import { writeJson } from '../output.ts';
import { type Bar, clock, type Screen } from '../screen.ts';

/** What is told of a recording on its way to a transcript: with --json one line each, as it is. */
export type Told =
  | { readonly type: 'sending'; readonly sentBytes: number; readonly totalBytes: number }
  /** existing: an earlier call has submitted it, which is gone on with. */
  | { readonly type: 'accepted'; readonly job: string; readonly existing: boolean }
  | { readonly type: 'event'; readonly job: string; readonly event: JobEvent }
  | Ended;

/** How it ended. */
export type Ended =
  | { readonly type: 'written'; readonly job: string; readonly paths: readonly string[]; readonly text?: string }
  /** The transcript was there before. */
  | { readonly type: 'skipped'; readonly paths: readonly string[] }
  | { readonly type: 'cancelled'; readonly job: string | null }
  | {
      readonly type: 'failed';
      readonly job: string | null;
      readonly code: string;
      readonly message: string;
      readonly hint: string | null;
    };

/** Takes what is told of each recording. */
export interface Reporter extends Disposable {
  tell(recording: string, told: Told): void;
}

const betweenSendingMs = 1000;

export function reportAsJson(): Reporter {
  const last = new Map<string, number>();
  return {
    tell(recording, told) {
      // Of an upload a line a second is enough, and the last one.
      if (told.type === 'sending' && told.sentBytes < told.totalBytes) {
        if (performance.now() - (last.get(recording) ?? -Infinity) < betweenSendingMs) return;
        last.set(recording, performance.now());
      }
      writeJson({ recording, ...told });
    },
    [Symbol.dispose]() {},
  };
}

/** Shows bars, with `showsText` all words as they come, and a line for each that ended. total: null where they come one after the other, without an end. */
export function reportOnScreen(
  screen: Screen,
  { total, showsText }: { readonly total: number | null; readonly showsText: boolean },
): Reporter {
  const bars = new Map<string, Bar>();
  const ended = { written: 0, skipped: 0, cancelled: 0, failed: 0 };
  const isAlone = total === 1;
  const show = () => {
    const all = [...bars.values()];
    // What waits is told by its number.
    const moving = all.filter(({ fraction }) => fraction !== null);
    const waiting = all.length - moving.length;
    screen.show(isAlone ? all : moving, isAlone ? '' : summaryOf(ended, total, waiting));
  };
  return {
    tell(recording, told) {
      const bar = bars.get(recording) ?? {
        name: recording,
        what: 'queued',
        fraction: null,
        etaSeconds: null,
        text: '',
      };
      switch (told.type) {
        case 'sending':
        case 'accepted':
          bars.set(recording, { ...bar, ...whatOf(told) });
          break;
        case 'event':
          bars.set(recording, { ...bar, ...changeOf(told.event) });
          if (showsText) for (const line of textOf(told.event)) screen.line(line);
          break;
        case 'written':
        case 'skipped':
        case 'cancelled':
        case 'failed':
          bars.delete(recording);
          ended[told.type] += 1;
          screen.line(`${recording}: ${sentenceOf(told)}`);
          break;
        default:
          told satisfies never;
      }
      show();
    },
    [Symbol.dispose]() {
      if (total !== null && total > 1) screen.line(`${summaryOf(ended, total)}.`);
    },
  };
}

function whatOf(told: Extract<Told, { type: 'sending' | 'accepted' }>): Partial<Bar> {
  if (told.type === 'accepted') return { what: 'queued', fraction: null };
  return { what: 'sending', fraction: told.totalBytes === 0 ? 0 : told.sentBytes / told.totalBytes };
}

function changeOf(event: JobEvent): Partial<Bar> {
  switch (event.__typename) {
    case 'JobProgressed':
      return { what: stageOf(event), fraction: event.progress.fraction, etaSeconds: event.progress.etaSeconds };
    case 'JobSegmentsAdded':
      return { text: event.segments.at(-1)?.text.trim() ?? '' };
    case 'JobTranscriptCleared':
      return { text: '' };
    case 'JobStatusChanged':
      return event.status === 'QUEUED' ? { what: 'queued', fraction: null, etaSeconds: null } : {};
    case 'JobLanguageDetected':
    case 'JobSegmentsChanged':
    case 'JobSpeakersChanged':
      return {};
    default:
      return event satisfies never;
  }
}

function stageOf({ job }: JobEvent): string {
  return job.progress.stage.toLowerCase().replaceAll('_', ' ');
}

function textOf(event: JobEvent): readonly string[] {
  if (event.__typename === 'JobTranscriptCleared') return ['From the start again:'];
  if (event.__typename !== 'JobSegmentsAdded') return [];
  return event.segments.map(({ startSeconds, endSeconds, speaker, text }) => {
    const who = speaker === null ? '' : `Speaker ${speaker}: `;
    return `[${clock(startSeconds)} - ${clock(endSeconds)}]  ${who}${text.trim()}`;
  });
}

function sentenceOf(told: Ended): string {
  switch (told.type) {
    case 'written':
      return told.paths.length > 0 ? told.paths.join(', ') : 'done';
    case 'skipped':
      return `${told.paths.join(', ')} is there already; --overwrite makes it anew`;
    case 'cancelled':
      return 'cancelled';
    case 'failed':
      return ['failed.', told.message, told.hint].filter((part) => part !== null).join(' ');
    default:
      return told satisfies never;
  }
}

function summaryOf(ended: Readonly<Record<Ended['type'], number>>, total: number | null, waiting = 0): string {
  const { written, skipped, cancelled, failed } = ended;
  const parts = [
    total === null ? `${written} done` : `${written} of ${total} done`,
    ...(skipped > 0 ? [`${skipped} there already`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
    ...(waiting > 0 ? [`${waiting} queued`] : []),
  ];
  return parts.join(', ');
}
