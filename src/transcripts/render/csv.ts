import { stringify } from 'csv-stringify/sync';
import { nameOf, oneLine } from './line.ts';
import type { Transcript } from './transcript.ts';

const head = ['index', 'startSeconds', 'endSeconds', 'speaker', 'language', 'text'];

/** A table for spreadsheets (RFC 4180), with the mark by which Excel knows that it is in UTF-8. A text that a spreadsheet would run as a formula gets an apostrophe before it. */
export async function* renderCsv({ segments, language }: Transcript): AsyncGenerator<string> {
  yield `\uFEFF${row(head)}`;
  for await (const segment of segments) {
    const { index, startSeconds, endSeconds, speaker, text } = segment;
    yield row([index, startSeconds, endSeconds, nameOf(speaker, true), segment.language ?? language, oneLine(text)]);
  }
}

function row(fields: readonly (string | number | null)[]): string {
  return stringify([[...fields]], { escape_formulas: true, record_delimiter: 'windows' });
}
