/** What makes subtitles easy to read. Clients may want others: these are settings of `transcript`. */
export interface Guidelines {
  /** Columns of a line; full-width characters take two. */
  readonly maxLineWidth: number;
  /** Lines of a cue. */
  readonly maxLineCount: number;
  /** Columns a second, spaces included. */
  readonly maxCharactersPerSecond: number;
  readonly minCueSeconds: number;
  readonly maxCueSeconds: number;
}

/**
 * Netflix, Timed Text Style Guide: at most two lines of 42 characters, at most 7 s, at least 5/6 s (one second here), and 17 characters a second for
 * most languages (20 for adults in English). The same as 17 columns: a full-width character takes two, and Chinese is given 9 characters a second.
 * BBC, Subtitle Guidelines: 160 to 180 words a minute, which are 15 to 17 characters a second.
 */
export const guidelines: Guidelines = {
  maxLineWidth: 42,
  maxLineCount: 2,
  maxCharactersPerSecond: 17,
  minCueSeconds: 1,
  maxCueSeconds: 7,
};

/** Between two cues, so that the eye sees that the text is another one: two frames of 24 a second (Netflix, General Requirements). */
export const gapMs = 83;

/** A longer gap is seen as a pause; a shorter one looks like a flicker, and is closed down to `gapMs` (the same: 3 to 11 frames). */
export const pauseMs = 500;

export const guidelineNames = [
  'maxLineWidth',
  'maxLineCount',
  'maxCharactersPerSecond',
  'minCueSeconds',
  'maxCueSeconds',
] as const satisfies readonly (keyof Guidelines)[];
