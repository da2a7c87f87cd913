import type { Segment } from '../../jobs/transcript.ts';
import { openJoining } from './line.ts';
import type { Transcript } from './transcript.ts';

/**
 * The JSON of openai/whisper's command line, a segment a line: language, segments with id, times in seconds and text, and the whole text.
 *
 * Words where there are any. What is not known is left out (`seek`, `tokens`, `compression_ratio` of the window that Whisper decoded), as is
 * what is null.
 */
export async function* renderJson({ segments, language }: Transcript): AsyncGenerator<string> {
  yield `{"language": ${JSON.stringify(language)}, "segments": [`;
  let comma = '';
  const whole: string[] = [];
  const joined = openJoining();
  for await (const segment of segments) {
    yield `${comma}\n${JSON.stringify(asWhisper(segment))}`;
    comma = ',';
    whole.push(joined(segment.text));
  }
  yield `\n], "text": ${JSON.stringify(whole.join(''))}}\n`;
}

function asWhisper(segment: Segment): Readonly<Record<string, unknown>> {
  const words = segment.words?.map((word) => ({
    word: word.text,
    start: word.startSeconds,
    end: word.endSeconds,
    probability: word.probability,
    speaker: word.speaker ?? undefined,
  }));
  return {
    id: segment.index,
    start: segment.startSeconds,
    end: segment.endSeconds,
    text: segment.text,
    avg_logprob: segment.avgLogProbability ?? undefined,
    no_speech_prob: segment.noSpeechProbability ?? undefined,
    language: segment.language ?? undefined,
    speaker: segment.speaker ?? undefined,
    words,
  };
}
