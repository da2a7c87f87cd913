import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TranscriptFormat } from '../../jobs/transcript.ts';
import { renderAss } from './ass.ts';
import { renderCsv } from './csv.ts';
import { renderHtml } from './html.ts';
import { renderJson } from './json.ts';
import { renderLrc } from './lrc.ts';
import { renderSrt } from './srt.ts';
import type { Transcript } from './transcript.ts';
import { renderTsv } from './tsv.ts';
import { renderTxt } from './txt.ts';
import { renderVtt } from './vtt.ts';

/** Writes a head, then each segment as it comes, then an end. */
type Renderer = (transcript: Transcript) => AsyncIterable<string>;

const renderers: Readonly<Record<TranscriptFormat, Renderer>> = {
  TXT: renderTxt,
  SRT: renderSrt,
  VTT: renderVtt,
  TSV: renderTsv,
  JSON: renderJson,
  ASS: renderAss,
  LRC: renderLrc,
  CSV: renderCsv,
  HTML: renderHtml,
};

/** Large enough that sending a piece costs more than making it, small enough to be nothing in memory. */
const pieceCharacters = 16_384;

/** After so long others have their turn. */
const turnMs = 10;

/** Writes a transcript in a format, piece by piece. The guidelines hold for the subtitle formats SRT, VTT and ASS, and for lines of LRC. */
export function render(format: TranscriptFormat, transcript: Transcript): AsyncGenerator<string> {
  return inPieces(renderers[format](transcript));
}

/** Gathers short texts into pieces that are worth sending. */
export async function* inPieces(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  let since = performance.now();
  for await (const text of texts) {
    if (performance.now() - since > turnMs) {
      await nextTurn();
      since = performance.now();
    }
    piece += text;
    if (piece.length < pieceCharacters) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
