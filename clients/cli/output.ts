import stringWidth from 'string-width';

/** Writes to stdout, which is for what was asked for. */
export function write(text: string): void {
  process.stdout.write(text);
}

export function writeLine(text: string): void {
  write(`${printable(text)}\n`);
}

/** One JSON object a line, as programs read them. */
export function writeJson(value: unknown): void {
  write(`${JSON.stringify(value)}\n`);
}

/** Without what a terminal would obey: names and transcripts come from anywhere. Lines and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '\uFFFD');
}

/** Columns of equal width, the last as it is; to a pipe with tabs, as `cut` and `awk` want them. */
export function writeTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const clean = rows.map((row) => row.map((cell) => printable(cell).replaceAll(/[\n\t]/gu, ' ')));
  if (!process.stdout.isTTY) return write(clean.map((row) => `${row.join('\t')}\n`).join(''));
  const all = [head, ...clean];
  const widths = head.map((_, column) => Math.max(...all.map((row) => stringWidth(row[column] ?? ''))));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell)))
      .join('  ')
      .trimEnd();
  return write(all.map((row) => `${line(row)}\n`).join(''));
}
