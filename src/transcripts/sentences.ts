import data from '#runner/engine/sentences.json' with { type: 'json' };

const marksOf: Readonly<Record<string, string>> = data.marksOf;
const ordinals = new Set(data.ordinals);
const abbreviations = new Map(
  Object.entries(data.abbreviations).map(([code, { words }]) => [code, new Set(words.split(' ').filter(Boolean))]),
);

/**
 * Whether a sentence ends between `text`, which goes back to where it began, and what follows.
 *
 * The engine has the same rule, with the same data, in sentences.py beside them.
 */
export function endsSentence(text: string, following: string, language: string | null): boolean {
  const said = withoutClosing(text);
  const mark = said.at(-1) ?? '';
  if (!isMark(mark, language) || isClosedBy(following, text)) return false;
  const first = /[\p{L}\p{N}]/u.exec(following)?.[0] ?? '';
  if (isLower(first)) return false;
  if (mark !== '.' || said.endsWith('..')) return true;
  // 3.5, example.org. Scripts from Thai on have few or no spaces between words.
  const touching = text.endsWith('.') && first !== '' && following.startsWith(first) && first < '\u0E00';
  return !touching && !goesOn(said, first, language);
}

/** A text in its sentences, each with the space after it. */
export function* sentencesOf(text: string, language: string | null): Generator<string> {
  let start = 0;
  for (const { 0: found, index } of text.matchAll(candidates)) {
    const end = index + found.length;
    if (
      end === text.length ||
      !endsSentence(text.slice(Math.max(start, end - sentenceLength), end), text.slice(end, end + lookahead), language)
    )
      continue;
    yield text.slice(start, end);
    start = end;
  }
  if (start < text.length) yield text.slice(start);
}

/** Letters in which the next word is sought. */
export const lookahead = 20;
/** Letters of a sentence that are looked at; how a longer one began does not matter. */
export const sentenceLength = 200;
const candidates = new RegExp(
  String.raw`[${data.marks};]+[\p{Pe}\p{Pf}\p{Pi}"']*(?:\s+[\p{Pe}\p{Pf}]+(?=\s|$))?\s*`,
  'gu',
);

function isMark(character: string, language: string | null): boolean {
  return character !== '' && (data.marks + (marksOf[language ?? ''] ?? '')).includes(character);
}

function withoutClosing(text: string): string {
  let end = text.length;
  while (end > 0 && /[\p{Pe}\p{Pf}\p{Pi}"'\s]/u.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Whether a closing mark follows, after a space of its own in French. */
function isClosedBy(following: string, text: string): boolean {
  return /^\s*[\p{Pe}\p{Pf}]+(?:\s|$)/u.test(following) || (/\S$/u.test(text) && /^[\p{Pe}\p{Pf}]/u.test(following));
}

/** Letters of a word: none that is looked for is as long. */
const longest = 30;

/** Whether the full stop at the end of `said` is part of its last word, as a rule with more to come. */
function goesOn(said: string, first: string, language: string | null): boolean {
  const word = (said.slice(-longest).split(/\s/u).at(-1) ?? '').slice(0, -1).replace(/^[^\p{L}\p{N}]+/u, '');
  const known = abbreviations.get(language ?? '');
  const small = word.toLowerCase();
  if (known?.has(small) === true || (/\d/u.test(first) && known?.has(`${small}#`) === true)) return true;
  // Initials, U.S. In scripts without capitals a word may be as short.
  if (/^(?:[\p{Lu}\p{Ll}]\p{M}*|(?:\p{Lu}\p{M}*[.-]+)+\p{Lu}\p{M}*)$/u.test(word)) return true;
  // The number of an item of a list.
  if (said.length < longest && /^[^\p{L}\p{N}]*\d+\.$/u.test(said)) return true;
  return ordinals.has(language ?? '') && /^(?:\d{1,2}|[IVXLC]+)$/u.test(word);
}

/** Whether a letter is small where a sentence would begin with a capital; Georgian has capitals for whole words only. */
function isLower(letter: string): boolean {
  return /\p{Ll}/u.test(letter) && letter.toUpperCase() !== letter && !/\p{Script=Georgian}/u.test(letter);
}
