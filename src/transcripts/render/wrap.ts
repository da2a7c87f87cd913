import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Lays the pieces of a text (see breaks.ts) into the fewest lines of at most `width` columns; of those layouts, one in which no word stands alone on a
 * line where that can be; of those, the most even one, with a liking for ends of clauses. A piece longer than a line is cut.
 */
export function wrap(text: readonly string[], width: number): readonly string[] {
  const pieces = text.flatMap((piece) => cut(piece, width));
  const best = layouts(pieces, width);
  const lines: string[] = [];
  for (let end = pieces.length; end > 0; end = best[end]?.start ?? 0) {
    lines.unshift(pieces.slice(best[end]?.start, end).join('').trim());
  }
  return lines.filter((line) => line !== '');
}

/** Columns of a line; the space at its end takes none. */
export function widthOf(line: string): number {
  return stringWidth(line.trimEnd());
}

/** A piece in parts of at most `width` columns; none begins with a combining mark, or with a closing one where that can be. */
export function cut(piece: string, width: number): readonly string[] {
  if (widthOf(piece) <= width) return [piece];
  const parts: string[][] = [[]];
  let columns = 0;
  for (const { segment } of graphemes.segment(piece)) {
    const part = parts.at(-1) ?? [];
    // A space counts: it may stand in the middle of the piece, where a line must not end.
    columns += stringWidth(segment);
    if (columns <= width) {
      part.push(segment);
      continue;
    }
    const taken = closing.test(segment) && part.length > 1 && !closing.test(part.at(-1) ?? '') ? part.splice(-1) : [];
    parts.push([...taken, segment]);
    columns = stringWidth(taken.join('')) + stringWidth(segment);
  }
  return parts.map((part) => part.join(''));
}

const closing = /^[\p{Pe}\p{Pf}\u3001\u3002\uFF0C\uFF0E\uFF01\uFF1F.,!?:;]/u;

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

/** Whether a piece of text ends with a mark at which one takes a breath. */
export function endsClause(line: string): boolean {
  return /[,;:.!?\u2026\u3001\u3002\uFF0C\uFF1B\uFF1A\uFF01\uFF1F\u060C\u061B\u061F\u06D4\u0964\u104A\u104B\u1362-\u1367\u17D4][\p{Pe}\p{Pf}"']*\s*$/u.test(
    line,
  );
}
