import { Rules } from '@cto.af/linebreak';
import stringWidth from 'string-width';

const rules = new Rules({ string: true });
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Splits a text into the fewest lines of at most `width` columns; of those layouts, one in which no word stands alone on a line where that can be;
 * of those, the most even one, with a liking for ends of clauses.
 *
 * Breaks only where Unicode's line breaking algorithm (UAX #14) allows it, between characters of Chinese and Japanese too; a word longer than a
 * line is cut. Full-width characters take two columns.
 */
export function wrap(text: string, width: number): readonly string[] {
  const pieces = [...unbroken(text)].flatMap((piece) => cut(piece, width));
  const best = layouts(pieces, width);
  const lines: string[] = [];
  for (let end = pieces.length; end > 0; end = best[end]?.start ?? 0) {
    lines.unshift(pieces.slice(best[end]?.start, end).join('').trim());
  }
  return lines.length === 0 ? [text] : lines;
}

/** Columns of a line; the space at its end takes none. */
export function widthOf(line: string): number {
  return stringWidth(line.trimEnd());
}

/** The pieces between two places where a line may end. */
function* unbroken(text: string): Generator<string> {
  let piece = '';
  for (const { string = '' } of rules.breaks(text)) {
    piece += string;
    // Rule LB8a, which the library does not keep: it would tear a family of emoji.
    if (piece.endsWith('\u200D')) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function cut(piece: string, width: number): readonly string[] {
  if (widthOf(piece) <= width) return [piece];
  const parts = [''];
  let columns = 0;
  for (const { segment } of graphemes.segment(piece)) {
    // A space counts: it may stand in the middle of the piece, where a line must not end.
    const own = stringWidth(segment);
    columns += own;
    if (columns <= width) {
      parts[parts.length - 1] += segment;
    } else {
      parts.push(segment);
      columns = own;
    }
  }
  return parts;
}

/** The lines of the first so many pieces: what they cost, and at which piece the last of them starts. */
interface Layout {
  readonly start: number;
  readonly lines: number;
  /** Lines on which one word stands alone. */
  readonly lonely: number;
  /** Squares of the widths: with as many lines, the least sum is that of the most even ones. */
  readonly unevenness: number;
}

/** The best layout of the first 0, 1, 2 ... pieces. */
function layouts(pieces: readonly string[], width: number): readonly Layout[] {
  const columns = pieces.map((piece) => stringWidth(piece));
  const best: Layout[] = [{ start: 0, lines: 0, lonely: 0, unevenness: 0 }];
  for (let end = 1; end <= pieces.length; end += 1) {
    const last = pieces[end - 1] ?? '';
    const liking = endsClause(last) ? (width / 3) ** 2 : 0;
    let found: Layout | null = null;
    for (let start = end - 1, taken = widthOf(last); start >= 0; taken += columns[(start -= 1)] ?? 0) {
      const before = best[start];
      if (before === undefined || (taken > width && found !== null)) break;
      const lonely = before.lonely + (end - start === 1 ? 1 : 0);
      const layout = { start, lines: before.lines + 1, lonely, unevenness: before.unevenness + taken ** 2 - liking };
      if (found === null || isBetter(layout, found)) found = layout;
    }
    if (found !== null) best.push(found);
  }
  return best;
}

function isBetter(one: Layout, other: Layout): boolean {
  return (one.lines - other.lines || one.lonely - other.lonely || one.unevenness - other.unevenness) < 0;
}

function endsClause(line: string): boolean {
  return /[,;:.!?\u2026\u3001\u3002\uFF0C\uFF1B\uFF01\uFF1F\u060C\u061F]\s*$/u.test(line);
}
