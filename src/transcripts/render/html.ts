import { clock, nameOf } from './line.ts';
import { passagesOf } from './passages.ts';
import type { Transcript } from './transcript.ts';

const style = `
body { max-width: 42em; margin: 2em auto; padding: 0 1em; font: 1em/1.6 Georgia, serif; color: #222; background: #fff }
h1 { font-size: 1.5em; line-height: 1.3 }
p { margin: 0 0 1em }
p:target { background: #fff3c4 }
a { color: inherit; text-decoration: none }
a:hover { text-decoration: underline }
.time { margin-inline-end: .6em; font: .8em system-ui, sans-serif; color: #666; font-variant-numeric: tabular-nums }
.speaker { font-weight: bold }
@media print { body { margin: 0; max-width: none } p { break-inside: avoid } }
`;

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A page of its own to read and to print: paragraphs, each with a time that links to itself, and, where that is wanted, a speaker who links to the list
 * at the end of where each speaks. It loads and runs nothing.
 */
export async function* renderHtml({ segments, title, language, speakers }: Transcript): AsyncGenerator<string> {
  const name = escape(title);
  yield `<!doctype html>\n<html${languageOf(language)}>\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>${name}</title>\n<style>${style}</style>\n</head>\n<body>\n<h1 dir="auto">${name}</h1>\n`;
  const places = new Map<string, Place>();
  let number = 0;
  for await (const paragraph of passagesOf(segments, language)) {
    number += 1;
    const time = `<a class="time" href="#p${number}">${clock(paragraph.startMs)}</a>`;
    const speaker = nameOf(paragraph.speaker, speakers);
    const place = places.get(speaker) ?? { number: places.size + 1, times: [] };
    const own = paragraph.language === language ? '' : languageOf(paragraph.language);
    yield `<p id="p${number}" dir="auto"${own}>${time}${linkTo(speaker, place)}${escape(paragraph.text)}</p>\n`;
    place.times.push(time);
    if (speaker !== '') places.set(speaker, place);
  }
  if (places.size > 0) yield '<h2>Speakers</h2>\n';
  for (const [speaker, { number: own, times }] of places) {
    yield `<p id="s${own}" dir="auto"><span class="speaker">${escape(speaker)}</span>: ${times.join('\n')}</p>\n`;
  }
  yield '</body>\n</html>\n';
}

/** Where a speaker stands in the list at the end, and when each of the speaker's paragraphs begins. */
interface Place {
  readonly number: number;
  readonly times: string[];
}

function linkTo(speaker: string, { number }: Place): string {
  return speaker === '' ? '' : `<a class="speaker" href="#s${number}">${escape(speaker)}</a>: `;
}

function languageOf(code: string | null): string {
  return code === null ? '' : ` lang="${escape(code)}"`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/gu, (character) => escapes[character] ?? character).replaceAll(/[\p{Cc}\s]+/gu, ' ');
}
