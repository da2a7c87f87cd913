import { endsSentence, lookahead, sentenceLength } from '../sentences.ts';
import { piecesOf } from './breaks.ts';
import { gapMs, type Guidelines } from './guidelines.ts';
import { nameOf, spoken } from './line.ts';
import { lettersIn, type Passage } from './passages.ts';
import { cut, endsClause, widthOf } from './wrap.ts';

/** A text that may stand on the screen as a whole, and when it is said. */
export interface Said {
  readonly startMs: number;
  readonly endMs: number;
  /** The text, between two places where a line may end each. */
  readonly pieces: readonly string[];
  readonly speaker: string | null;
}

/** What stands between two places where a cue may end. */
interface Piece {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Columns, without and with the space at its end. */
  readonly width: number;
  readonly fullWidth: number;
  readonly ends: 'sentence' | 'clause' | 'word';
}

/** More are not weighed against each other at once: a text without any pause is no speech. */
const mostPieces = 400;

/**
 * Cuts a passage into texts for one cue each, where that is best: all fit the lines, and the sum of what is bad about them is least (see `costOf`).
 *
 * `nextMs`: when the one after it begins. `named`: whether the name of the speaker stands before the text.
 */
export function* splitPassage(passage: Passage, nextMs: number, rules: Guidelines, named: boolean): Generator<Said> {
  const all = timedPieces(passage, rules, named);
  for (let at = 0; at < all.length; at += mostPieces) {
    const pieces = all.slice(at, at + mostPieces);
    const ends = bestEnds(pieces, all[at + mostPieces]?.startMs ?? nextMs, rules);
    for (const [number, end] of ends.entries()) {
      const own = pieces.slice(ends[number - 1] ?? 0, end);
      yield {
        startMs: own[0]?.startMs ?? 0,
        endMs: own.at(-1)?.endMs ?? 0,
        pieces: own.map(({ text }) => text),
        speaker: passage.speaker,
      };
    }
  }
}

function timedPieces(passage: Passage, { maxLineWidth }: Guidelines, named: boolean): readonly Piece[] {
  const text = spoken(passage.text, nameOf(passage.speaker, named));
  const label = text.length - passage.text.length;
  // A name takes room, and no time.
  let letters = -lettersIn(text.slice(0, label));
  let [sentence, rest] = ['', text];
  const at = clockOf(passage);
  return piecesOf(text)
    .flatMap((piece) => cut(piece, maxLineWidth))
    .map((piece) => {
      const startMs = at(Math.max(0, letters), false);
      letters += lettersIn(piece);
      const endMs = Math.max(startMs, at(Math.max(0, letters), true));
      rest = rest.slice(piece.length);
      sentence = (sentence + piece).slice(-sentenceLength);
      const isEnd = endsSentence(sentence, rest.slice(0, lookahead), passage.language);
      if (isEnd) sentence = '';
      const ends = isEnd ? 'sentence' : endsClause(piece) ? 'clause' : 'word';
      const width = widthOf(piece);
      return { text: piece, startMs, endMs, width, fullWidth: width + (piece.endsWith(' ') ? 1 : 0), ends };
    });
}

/** When a letter begins, or when so many have been said; to be asked in order. */
function clockOf({ spans, endMs }: Passage): (letters: number, isEnd: boolean) => number {
  let [index, before] = [0, 0];
  return (letters, isEnd) => {
    const isPast = (count: number) => (isEnd ? count < letters : count <= letters);
    for (let span = spans[index]; span !== undefined && isPast(before + span.letters); span = spans[(index += 1)]) {
      before += span.letters;
    }
    const span = spans[index];
    if (span === undefined) return endMs;
    return Math.round(span.startMs + ((span.endMs - span.startMs) * (letters - before)) / span.letters);
  };
}

/** After how many pieces each cue ends. */
function bestEnds(pieces: readonly Piece[], nextMs: number, rules: Guidelines): readonly number[] {
  const best: { cost: number; start: number }[] = [{ cost: 0, start: 0 }];
  for (let start = 0; start < pieces.length; start += 1) {
    const cost = best[start]?.cost ?? Number.POSITIVE_INFINITY;
    for (const [end, own] of costsFrom(pieces, start, nextMs, rules)) {
      if (cost + own < (best[end]?.cost ?? Number.POSITIVE_INFINITY)) best[end] = { cost: cost + own, start };
    }
  }
  const ends: number[] = [];
  for (let end = pieces.length; end > 0; end = best[end]?.start ?? 0) ends.unshift(end);
  return ends;
}

/** Every cue that may begin with a piece: the piece after its last one, and how bad it is. */
function* costsFrom(
  pieces: readonly Piece[],
  start: number,
  nextMs: number,
  rules: Guidelines,
): Generator<readonly [number, number]> {
  const startMs = pieces[start]?.startMs ?? 0;
  let [lines, line, width, inner] = [1, 0, 0, 0];
  for (let end = start + 1; end <= pieces.length; end += 1) {
    const piece = pieces[end - 1];
    if (piece === undefined) return;
    if (line > 0 && line + piece.width > rules.maxLineWidth) [lines, line] = [lines + 1, 0];
    line += piece.fullWidth;
    const isLonger = end > start + 1;
    if (isLonger && (lines > rules.maxLineCount || piece.endMs - startMs > rules.maxCueSeconds * 1000)) return;
    const before = isLonger ? pieces[end - 2] : undefined;
    if (before !== undefined) inner += costWithin(before, piece);
    const next = pieces[end];
    const cue = { width: width + piece.width, startMs, untilMs: (next?.startMs ?? nextMs) - gapMs };
    const isSentence = (pieces[start - 1]?.ends ?? 'sentence') === 'sentence' && piece.ends === 'sentence';
    const lone = isLonger || isSentence || pieces.length === 1 ? 0 : costs.loneWord;
    yield [end, costs.cue + inner + lone + costOf(cue, rules) + (next === undefined ? 0 : costAfter(piece, next))];
    width += piece.fullWidth;
  }
}

/** How bad it is; only the ratios count. What breaks a guideline is worse than any cut. Tried on an hour of speech in five languages. */
const costs = {
  /** Fewer cues, and even ones. */
  cue: 1,
  full: 1,
  tooFast: 6,
  tooBrief: 6,
  loneWord: 6,
  /** A sentence that ends within a cue, and a second of silence, where the text tells what is not yet said. */
  sentenceWithin: 1.5,
  pauseWithin: 3,
  /** Where a cue ends. */
  afterClause: 1,
  afterWord: 2.5,
  /** What a pause of a second is worth there. */
  pause: 2,
} as const;

function costOf(
  { width, startMs, untilMs }: { width: number; startMs: number; untilMs: number },
  rules: Guidelines,
): number {
  const { maxLineWidth, maxLineCount, maxCharactersPerSecond, minCueSeconds, maxCueSeconds } = rules;
  const seconds = Math.min((untilMs - startMs) / 1000, maxCueSeconds);
  const missing = (wanted: number) => (seconds < wanted ? 1 + Math.min(1, (wanted - seconds) / wanted) : 0);
  return (
    costs.full * (width / (maxLineWidth * maxLineCount)) ** 2 +
    costs.tooFast * missing(width / maxCharactersPerSecond) +
    costs.tooBrief * missing(minCueSeconds)
  );
}

function costWithin(piece: Piece, next: Piece): number {
  return (piece.ends === 'sentence' ? costs.sentenceWithin : 0) + costs.pauseWithin * pauseBetween(piece, next);
}

function costAfter(piece: Piece, next: Piece): number {
  const cost = { sentence: 0, clause: costs.afterClause, word: costs.afterWord }[piece.ends];
  return cost - costs.pause * pauseBetween(piece, next);
}

/** Seconds, of which more than one are no more than one. */
function pauseBetween(piece: Piece, next: Piece): number {
  return Math.min(1, Math.max(0, next.startMs - piece.endMs) / 1000);
}
