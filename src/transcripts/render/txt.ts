import { sentencesOf } from '../sentences.ts';
import { nameOf, spoken } from './line.ts';
import { passagesOf } from './passages.ts';
import type { Transcript } from './transcript.ts';

/** Plain text to read: a line for each sentence, and an empty one between paragraphs. */
export async function* renderTxt({ segments, language, speakers }: Transcript): AsyncGenerator<string> {
  let before = '';
  for await (const paragraph of passagesOf(segments, language)) {
    const lines = [...sentencesOf(paragraph.text, paragraph.language)].map((sentence) => sentence.trimEnd());
    yield `${before}${spoken(lines.join('\n'), nameOf(paragraph.speaker, speakers))}\n`;
    before = '\n';
  }
}
