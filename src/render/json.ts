import type { Transcript } from './render.ts';

/** The JSON of openai/whisper's command line: text, segments with id, start and end in seconds, language; words where there are any. */
export function renderJson({ segments, language }: Transcript): string {
  const body = {
    text: segments.map((segment) => segment.text).join(' '),
    segments: segments.map((segment) => ({
      id: segment.index,
      start: segment.startSeconds,
      end: segment.endSeconds,
      text: segment.text,
      avg_logprob: segment.avgLogProbability,
      no_speech_prob: segment.noSpeechProbability,
      ...(segment.speaker === null ? {} : { speaker: segment.speaker }),
      ...(segment.words === null
        ? {}
        : {
            words: segment.words.map((word) => ({
              word: word.text,
              start: word.startSeconds,
              end: word.endSeconds,
              probability: word.probability,
            })),
          }),
    })),
    language,
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}
