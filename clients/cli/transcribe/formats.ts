import type { TranscriptFormat } from '../operations.ts';

/** What a transcript is offered as, by the ending of its file. */
export const formats = ['txt', 'srt', 'vtt', 'tsv', 'json', 'ass', 'lrc', 'csv', 'html'] as const;
export type Format = (typeof formats)[number];

/** How the API names them. */
export const graphqlFormats: Readonly<Record<Format, TranscriptFormat>> = {
  txt: 'TXT',
  srt: 'SRT',
  vtt: 'VTT',
  tsv: 'TSV',
  json: 'JSON',
  ass: 'ASS',
  lrc: 'LRC',
  csv: 'CSV',
  html: 'HTML',
};
