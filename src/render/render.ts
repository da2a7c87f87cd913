import type { Segment, TranscriptFormat } from '../transcript.ts';
import { renderAss } from './ass.ts';
import { renderCsv } from './csv.ts';
import type { LineLimits } from './cues.ts';
import { renderJson } from './json.ts';
import { renderLrc } from './lrc.ts';
import { renderSrt } from './srt.ts';
import { renderTsv } from './tsv.ts';
import { renderTxt } from './txt.ts';
import { renderVtt } from './vtt.ts';

/** A transcript on its way into a format. */
export interface Transcript extends LineLimits {
  readonly segments: readonly Segment[];
  /** Code of the language; null while it is not known. */
  readonly language: string | null;
  /** Whether formats for reading say who speaks, where it is known. */
  readonly speakers: boolean;
}

const renderers: Readonly<Record<TranscriptFormat, (transcript: Transcript) => string>> = {
  TXT: renderTxt,
  SRT: renderSrt,
  VTT: renderVtt,
  TSV: renderTsv,
  JSON: renderJson,
  ASS: renderAss,
  LRC: renderLrc,
  CSV: renderCsv,
};

/** Writes a transcript in a format. Line limits hold for the subtitle formats SRT, VTT and ASS. */
export function render(format: TranscriptFormat, transcript: Transcript): string {
  return renderers[format](transcript);
}
