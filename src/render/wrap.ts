import { Rules } from '@cto.af/linebreak';
import stringWidth from 'string-width';

const rules = new Rules({ string: true });
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Splits a text into the fewest lines of at most `width` columns, and those as even as can be, so that no word stands alone.
 *
 * Breaks only where Unicode's line breaking algorithm (UAX #14) allows it, between characters of Chinese and Japanese too; a word longer than a
 * line is cut. Full-width characters take two columns.
 */
export function wrap(text: string, width: number): readonly string[] {
  const pieces = [...rules.breaks(text)].flatMap(({ string = '' }) => cut(string, width));
  const [count, ends] = greedy(pieces, width);
  return count <= 1 ? [text] : (even(pieces, { width, count: Math.min(count, pieces.length) }) ?? ends);
}

/** Columns of a line; the space at its end takes none. */
export function widthOf(line: string): number {
  return stringWidth(line.trimEnd());
}

function cut(piece: string, width: number): readonly string[] {
  if (widthOf(piece) <= width) return [piece];
  const parts = [''];
  for (const { segment } of graphemes.segment(piece)) {
    const last = parts.at(-1) ?? '';
    if (last !== '' && widthOf(last + segment) > width) parts.push(segment);
    else parts[parts.length - 1] = last + segment;
  }
  return parts;
}

function greedy(pieces: readonly string[], width: number): readonly [number, readonly string[]] {
  const lines = [''];
  for (const piece of pieces) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && widthOf(last + piece) > width) lines.push(piece);
    else lines[lines.length - 1] = last + piece;
  }
  return [lines.length, lines.map((line) => line.trim())];
}

interface Layout {
  readonly cost: number;
  readonly lines: readonly string[];
}

/** The layout with so many lines whose squared widths add up to the least: the most even one, with a liking for ends of clauses. */
function even(
  pieces: readonly string[],
  { width, count }: { readonly width: number; readonly count: number },
): readonly string[] | null {
  let best: (Layout | null)[] = [{ cost: 0, lines: [] }, ...pieces.map(() => null)];
  for (let line = 0; line < count; line += 1) {
    const next: (Layout | null)[] = best.map(() => null);
    for (const [start, layout] of best.entries()) {
      if (layout === null) continue;
      let text = '';
      for (let end = start; end < pieces.length; end += 1) {
        text += pieces[end];
        const columns = widthOf(text);
        if (columns > width) break;
        const cost = layout.cost + columns ** 2 - (endsClause(text) ? (width / 3) ** 2 : 0);
        const known = next[end + 1];
        if (!known || cost < known.cost) next[end + 1] = { cost, lines: [...layout.lines, text.trim()] };
      }
    }
    best = next;
  }
  return best.at(-1)?.lines ?? null;
}

function endsClause(line: string): boolean {
  return /[,;:.!?\u2026\u3001\u3002\uFF0C\uFF1B\uFF01\uFF1F\u060C\u061F]\s*$/u.test(line);
}
