import { gapMs, type Guidelines, pauseMs } from './guidelines.ts';
import { withNext } from './line.ts';
import { passagesOf, touchingSeconds } from './passages.ts';
import { type Said, splitPassage } from './cues.ts';
import type { Transcript } from './transcript.ts';
import { widthOf, wrap } from './wrap.ts';

/** How a format shows cues. */
export interface ScreenManner {
  /** Whether the speaker stands before the text, within its lines. */
  readonly named?: boolean;
  /** What all times are multiples of, for formats that have no milliseconds. */
  readonly unitMs?: number;
}

/** What stands on the screen from one time to another, in whole milliseconds; several voices where people talk at once. */
export interface Cue {
  readonly startMs: number;
  readonly endMs: number;
  readonly voices: readonly Voice[];
}

interface Voice {
  readonly lines: readonly string[];
  readonly speaker: string | null;
}

/** Cues one after another, for formats that cannot show two at once: who talk at the same time share one. */
export async function* cuesInTurn(transcript: Transcript, manner: ScreenManner = {}): AsyncGenerator<Cue> {
  const screen = new Screen(transcript, manner);
  let shown: Shown | null = null;
  for await (const said of saidIn(transcript, manner)) {
    if (shown === null) {
      shown = { startMs: said.startMs, voices: [said] };
      continue;
    }
    const next = screen.after(said, shown);
    const untilMs = next.startMs - screen.gapMs;
    const going: readonly Said[] = shown.voices.filter((voice) => screen.isCutOff(voice, untilMs));
    const endMs = Math.max(next.endMs, ...shown.voices.map((voice) => voice.endMs));
    const isTooBrief = untilMs - shown.startMs < screen.minMs;
    if (isTooBrief || (going.length > 0 && endMs - shown.startMs <= screen.maxMs)) {
      shown = { startMs: shown.startMs, voices: [...shown.voices, next] };
      continue;
    }
    yield screen.cue(shown, untilMs);
    // Whoever goes on for long stands beside the next, too.
    shown = { startMs: next.startMs, voices: [...going.slice(1 - mostVoices), next] };
  }
  if (shown !== null) yield screen.cue(shown, Number.POSITIVE_INFINITY);
}

/** Cues of one voice each, one over the other where people talk at the same time. */
export async function* cuesOverEachOther(transcript: Transcript, manner: ScreenManner = {}): AsyncGenerator<Cue> {
  const screen = new Screen(transcript, manner);
  let before: Shown | null = null;
  for await (const [first, following] of withNext(saidIn(transcript, manner))) {
    const said: Said = before === null ? first : screen.after(first, before);
    before = { startMs: said.startMs, voices: [said] };
    const untilMs =
      following === null ? Number.POSITIVE_INFINITY : screen.after(following, before).startMs - screen.gapMs;
    const leastMs = Math.max(untilMs, screen.isCutOff(said, untilMs) ? said.endMs : 0, said.startMs + screen.minMs);
    yield screen.cue(before, leastMs);
  }
}

/** What one cue shows, and since when. */
interface Shown {
  readonly startMs: number;
  readonly voices: readonly Said[];
}

/** More cannot be read at once. */
const mostVoices = 8;
/** How much of a text's time may be missing at its end, where it would only make a cue of two. */
const cutShare = 0.1;

class Screen {
  readonly gapMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly #rules: Guidelines;
  readonly #unitMs: number;

  constructor(rules: Guidelines, { unitMs = 1 }: ScreenManner) {
    this.#rules = rules;
    this.#unitMs = unitMs;
    this.gapMs = this.#inUnits(gapMs);
    this.minMs = Math.max(unitMs, this.#inUnits(rules.minCueSeconds * 1000));
    this.maxMs = Math.max(this.minMs, Math.floor((rules.maxCueSeconds * 1000) / unitMs) * unitMs);
  }

  /** A text as it can follow a cue: one of the same voice waits until that has stood for long enough, which happens where nobody could speak as fast. */
  after(said: Said, { startMs, voices }: Shown): Said {
    const last = voices.at(-1);
    const isSameVoice = last?.speaker === said.speaker && said.startMs >= last.endMs - touchingSeconds * 1000;
    const waits = isSameVoice || voices.length >= mostVoices;
    const earliestMs = Math.max(last?.startMs ?? 0, waits ? startMs + this.minMs + this.gapMs : 0);
    if (said.startMs >= earliestMs) return said;
    return { ...said, startMs: earliestMs, endMs: Math.max(said.endMs, earliestMs) };
  }

  /** Whether a text that is taken away at a time would be gone while it is said. */
  isCutOff({ startMs, endMs }: Said, untilMs: number): boolean {
    return endMs - untilMs > Math.max(this.gapMs, (endMs - startMs) * cutShare);
  }

  #inUnits(ms: number): number {
    return Math.ceil(ms / this.#unitMs) * this.#unitMs;
  }

  /** A cue that stands for as long as it takes to say and to read it, but not beyond `untilMs`. */
  cue({ startMs, voices }: Shown, untilMs: number): Cue {
    const { maxLineWidth, maxCharactersPerSecond } = this.#rules;
    const width = maxLineWidth - (voices.length > 1 ? dash.length : 0);
    const shown = voices.map(({ pieces, speaker }) => ({ lines: wrap(pieces, width), speaker }));
    const columns = shown.flatMap(({ lines }) => lines).reduce((sum, line) => sum + widthOf(line) + 1, -1);
    const readMs = Math.min(Math.max((columns / maxCharactersPerSecond) * 1000, this.minMs), this.maxMs);
    const saidMs = Math.max(...voices.map(({ endMs }) => endMs));
    const endMs = Math.min(untilMs, Math.max(saidMs, startMs + this.#inUnits(readMs)));
    const isClosed = untilMs + this.gapMs - endMs < pauseMs && untilMs - startMs <= this.maxMs;
    return { startMs, endMs: isClosed ? untilMs : endMs, voices: shown };
  }
}

const dash = '- ';

/** The lines of a cue; a dash stands before each voice where there are several. */
export function linesOf({ voices }: Cue): readonly string[] {
  if (voices.length === 1) return voices[0]?.lines ?? [];
  return voices.flatMap(({ lines }) => lines.map((line, at) => (at === 0 ? dash + line : line)));
}

/** The texts of a transcript in the order of their begin. */
async function* saidIn(transcript: Transcript, { named = false, unitMs = 1 }: ScreenManner): AsyncGenerator<Said> {
  const toUnit = (ms: number) => Math.round(ms / unitMs) * unitMs;
  let waiting: Said[] = [];
  for await (const [passage, next] of withNext(passagesOf(transcript.segments, transcript.language))) {
    const nextMs = next === null || next.startMs < passage.endMs ? Number.POSITIVE_INFINITY : next.startMs;
    for (const said of splitPassage(passage, nextMs, transcript, named)) {
      waiting.push({ ...said, startMs: toUnit(said.startMs), endMs: toUnit(said.endMs) });
    }
    waiting.sort((one, other) => one.startMs - other.startMs);
    const ready = next === null ? waiting.length : waiting.findIndex(({ startMs }) => startMs > next.startMs);
    yield* waiting.slice(0, ready === -1 ? waiting.length : ready);
    waiting = ready === -1 ? [] : waiting.slice(ready);
  }
}
