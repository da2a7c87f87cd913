import { directed } from './direction.ts';
import { clock, nameOf, twoDigits } from './line.ts';
import { cuesOverEachOther } from './screen.ts';
import type { Transcript } from './transcript.ts';

const head = `[Script Info]
ScriptType: v4.00+
PlayResX: 1920
PlayResY: 1080
WrapStyle: 2

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,64,&H00FFFFFF,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,80,80,60,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
`;

/** Hundredths of a second are all that the format has. */
const unitMs = 10;

/** Advanced SubStation Alpha, with one style; the speaker stands in the Name of an event. */
export async function* renderAss(transcript: Transcript): AsyncGenerator<string> {
  yield head;
  for await (const { startMs, endMs, voices } of cuesOverEachOther(transcript, { unitMs })) {
    for (const { lines, speaker } of voices) {
      const name = nameOf(speaker, transcript.speakers).replaceAll(',', ' ');
      const text = lines.map((line) => directed(plain(line))).join(String.raw`\N`);
      yield `Dialogue: 0,${time(startMs)},${time(endMs)},Default,${name},0,0,0,,${text}\n`;
    }
  }
}

function time(ms: number): string {
  return `${clock(ms).replace(/^0/u, '')}.${twoDigits((ms / unitMs) % 100)}`;
}

/** Braces hold commands and a backslash begins one; a word joiner after it (U+2060) takes its meaning away. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\\u2060')
    .replaceAll('{', String.raw`\{`)
    .replaceAll('}', String.raw`\}`);
}
