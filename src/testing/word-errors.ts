/** How far a transcript is from what was said. */
export interface WordErrors {
  /** Word error rate: substitutions, deletions and insertions by words of the reference. */
  readonly rate: number;
  /** Most words in a row that the transcript lacks: an engine that loses sentences shows here, not in the rate. */
  readonly longestDeletion: number;
}

/** Compares words after NFKC, lower case and without punctuation, by the shortest edit path (Levenshtein). */
export function wordErrors(reference: string, transcript: string): WordErrors {
  const [said, heard] = [words(reference), words(transcript)];
  const costs = distances(said, heard);
  let [i, j, run, longestDeletion] = [said.length, heard.length, 0, 0];
  while (i > 0 || j > 0) {
    const here = at(costs, i, j);
    const same = i > 0 && j > 0 && at(costs, i - 1, j - 1) + (said[i - 1] === heard[j - 1] ? 0 : 1) === here;
    const deleted = !same && i > 0 && at(costs, i - 1, j) + 1 === here;
    run = deleted ? run + 1 : 0;
    longestDeletion = Math.max(longestDeletion, run);
    if (same || deleted) i -= 1;
    if (same || !deleted) j -= 1;
  }
  return { rate: at(costs, said.length, heard.length) / said.length, longestDeletion };
}

function distances(said: readonly string[], heard: readonly string[]): readonly (readonly number[])[] {
  const rows = [Array.from({ length: heard.length + 1 }, (_, j) => j)];
  for (const [i, word] of said.entries()) {
    const above = rows[i] ?? [];
    const row = [i + 1];
    for (const [j, other] of heard.entries()) {
      const left = row[j] ?? 0;
      const replaced = (above[j] ?? 0) + (word === other ? 0 : 1);
      row.push(Math.min(replaced, (above[j + 1] ?? 0) + 1, left + 1));
    }
    rows.push(row);
  }
  return rows;
}

function at(costs: readonly (readonly number[])[], i: number, j: number): number {
  return costs[i]?.[j] ?? Number.POSITIVE_INFINITY;
}

function words(text: string): readonly string[] {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s']/gu, ' ')
    .split(/\s+/u)
    .filter(Boolean);
}
