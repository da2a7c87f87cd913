/** Text on one line, so that it cannot end a cue or a line of a format early. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim();
}

/** A text with the speaker before it, where that is wanted and known. */
export function spoken(text: string, speaker: string | null, speakers: boolean): string {
  return speakers && speaker !== null ? `${oneLine(speaker)}: ${text}` : text;
}
