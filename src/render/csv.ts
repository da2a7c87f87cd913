import { stringify } from 'csv-stringify/sync';
import { oneLine } from './line.ts';
import type { Transcript } from './render.ts';

const columns = ['index', 'startSeconds', 'endSeconds', 'speaker', 'language', 'text'] as const;

/** A table for spreadsheets (RFC 4180). A text that a spreadsheet would run as a formula gets an apostrophe before it. */
export function renderCsv({ segments, language }: Transcript): string {
  const rows = segments.map((segment) => ({
    ...segment,
    language: segment.language ?? language,
    text: oneLine(segment.text),
  }));
  return stringify(rows, { columns: [...columns], header: true, escape_formulas: true, record_delimiter: 'windows' });
}
