import { cuesOf } from './cues.ts';
import { oneLine } from './line.ts';
import type { Transcript } from './render.ts';
import { clock, twoDigits } from './time.ts';

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

/** Advanced SubStation Alpha, with one style; the speaker stands in the Name of an event. */
export function renderAss(transcript: Transcript): string {
  const events = cuesOf(transcript.segments, transcript).map(({ startMs, endMs, lines, speaker }) => {
    const name = transcript.speakers && speaker !== null ? oneLine(speaker).replaceAll(',', ' ') : '';
    // Hundredths are all that the format has: rounded up at the end, so that no event is of zero length.
    return `Dialogue: 0,${time(Math.floor(startMs / 10))},${time(Math.ceil(endMs / 10))},Default,${name},0,0,0,,${lines.map(plain).join(String.raw`\N`)}\n`;
  });
  return head + events.join('');
}

function time(hundredths: number): string {
  return `${clock(hundredths * 10).replace(/^0/u, '')}.${twoDigits(hundredths % 100)}`;
}

/** Braces hold commands and a backslash begins one; a word joiner after it (U+2060) takes its meaning away. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\\u2060')
    .replaceAll('{', String.raw`\{`)
    .replaceAll('}', String.raw`\}`);
}
