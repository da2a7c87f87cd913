import { diffArrays } from 'diff';
import type { Segment, Word } from '../../jobs/transcript.ts';
import { unspaced } from '../render/line.ts';

/** A text with the words that are known of it, in order. */
interface Spoken {
  readonly text: string;
  readonly words: readonly Word[];
}

/**
 * The words of a text that somebody has written instead of another. Words that are in both keep their times; of those that are new the probability is 1, and they
 * stand where those stood that they replace, or else between their neighbours, each for as long as it has letters.
 */
export function alignWords(
  before: Spoken,
  after: Pick<Segment, 'text' | 'startSeconds' | 'endSeconds'>,
): readonly Word[] {
  const atoms = atomsOf(after.text);
  const kept = keptUnits(before, atoms);
  const aligned: Word[] = [];
  let [atom, word] = [0, 0];
  const fillUntil = (next: Unit | null) => {
    const replaced = before.words.slice(word, next?.firstWord ?? before.words.length);
    const neighbours = [aligned.at(-1), next === null ? undefined : before.words[next.firstWord]] as const;
    const span = spanOf(replaced, neighbours, after);
    aligned.push(...spread(newWords(after.text, atoms.slice(atom, next?.firstAtom)), span));
  };
  for (const unit of kept) {
    fillUntil(unit);
    aligned.push(...before.words.slice(unit.firstWord, unit.lastWord + 1));
    [atom, word] = [unit.lastAtom + 1, unit.lastWord + 1];
  }
  fillUntil(null);
  // As the engine writes them: the words of some have the space before them, where the script has spaces.
  const isSpaced = before.words.some(({ text }) => /^\s/u.test(text));
  return isSpaced ? withSpaces(aligned, after.text) : aligned;
}

/** The smallest parts of a text that can be compared: a word with what touches it, or one letter of a script without spaces. */
interface Atom {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const atomPattern = new RegExp(String.raw`(?!\s)${unspaced}|(?:(?!${unspaced})\S)+`, 'gu');

function atomsOf(text: string): readonly Atom[] {
  return [...text.matchAll(atomPattern)].map(({ 0: match, index }) => ({
    text: match,
    from: index,
    to: index + match.length,
  }));
}

/** Words that share atoms, with those; by numbers, the last included. Mostly one word, of one atom or of several letters. */
interface Unit {
  readonly firstWord: number;
  readonly lastWord: number;
  readonly firstAtom: number;
  readonly lastAtom: number;
}

/** The units of a text that are in another one, too, with the numbers of its atoms. */
function keptUnits({ text, words }: Spoken, atoms: readonly Atom[]): readonly Unit[] {
  const old = atomsOf(text);
  const matches = matchAtoms(
    old.map((each) => each.text),
    atoms.map((each) => each.text),
  );
  return unitsOf(text, words, old).flatMap((unit): readonly Unit[] => {
    const firstAtom = matches.get(unit.firstAtom);
    if (firstAtom === undefined) return [];
    const lastAtom = firstAtom + unit.lastAtom - unit.firstAtom;
    for (let at = 1; unit.firstAtom + at <= unit.lastAtom; at += 1) {
      const isSame =
        matches.get(unit.firstAtom + at) === firstAtom + at &&
        touch(old, unit.firstAtom + at) === touch(atoms, firstAtom + at);
      if (!isSame) return [];
    }
    return [{ ...unit, firstAtom, lastAtom }];
  });
}

function touch(atoms: readonly Atom[], at: number): boolean {
  return atoms[at - 1]?.to === atoms[at]?.from;
}

/** None where the words are not those of the text. */
function unitsOf(text: string, words: readonly Word[], atoms: readonly Atom[]): readonly Unit[] {
  const units: Unit[] = [];
  let [from, atom] = [0, 0];
  for (const [number, word] of words.entries()) {
    const core = word.text.trim();
    const at = text.indexOf(core, from);
    if (at === -1) return [];
    from = at + core.length;
    while ((atoms[atom]?.to ?? Number.POSITIVE_INFINITY) <= at) atom += 1;
    let last = atom;
    while ((atoms[last + 1]?.from ?? Number.POSITIVE_INFINITY) < from) last += 1;
    const before = units.at(-1);
    if (before !== undefined && before.lastAtom >= atom) {
      units[units.length - 1] = { ...before, lastWord: number, lastAtom: Math.max(before.lastAtom, last) };
    } else {
      units.push({ firstWord: number, lastWord: number, firstAtom: atom, lastAtom: last });
    }
  }
  return units;
}

/** Atoms that came or went: with more the text is taken for another one. The time grows with the square: 5 ms for these. */
const mostChanges = 200;

/** By the number of an atom the number that it has in the other text. */
function matchAtoms(old: readonly string[], next: readonly string[]): ReadonlyMap<number, number> {
  const matches = new Map<number, number>();
  const shorter = Math.min(old.length, next.length);
  let start = 0;
  while (start < shorter && old[start] === next[start]) {
    matches.set(start, start);
    start += 1;
  }
  let end = 0;
  while (end < shorter - start && old.at(-1 - end) === next.at(-1 - end)) end += 1;
  const middle = (atoms: readonly string[]) => atoms.slice(start, atoms.length - end);
  let [at, to] = [start, start];
  for (const { added, removed, count } of diffArrays(middle(old), middle(next), { maxEditLength: mostChanges }) ?? []) {
    const same = added || removed ? 0 : count;
    for (let each = 0; each < same; each += 1) matches.set(at + each, to + each);
    if (!added) at += count;
    if (!removed) to += count;
  }
  for (let each = 1; each <= end; each += 1) matches.set(old.length - each, next.length - each);
  return matches;
}

const dictionary = new Intl.Segmenter(undefined, { granularity: 'word' });
const beginsUnspaced = new RegExp(`^${unspaced}`, 'u');

/** New words of some atoms that follow each other: in scripts without spaces by their dictionaries, with the marks after them. */
function newWords(text: string, atoms: readonly Atom[]): readonly string[] {
  const words: string[] = [];
  for (let at = 0, end = 1; at < atoms.length; at = end, end = at + 1) {
    const first = atoms[at];
    if (first === undefined) break;
    if (!beginsUnspaced.test(first.text)) {
      words.push(first.text);
      continue;
    }
    while (end < atoms.length && touch(atoms, end) && beginsUnspaced.test(atoms[end]?.text ?? '')) end += 1;
    const run = text.slice(first.from, atoms[end - 1]?.to);
    let isFirst = true;
    for (const { segment, isWordLike } of dictionary.segment(run)) {
      if (isWordLike === true || isFirst) words.push(segment);
      else words.push(`${words.pop() ?? ''}${segment}`);
      isFirst = false;
    }
  }
  return words;
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** When new words are said. */
function spanOf(
  replaced: readonly Word[],
  [previous, next]: readonly [Word | undefined, Word | undefined],
  { startSeconds, endSeconds }: Pick<Segment, 'startSeconds' | 'endSeconds'>,
): Span {
  const last = toMs(next?.startSeconds ?? Math.max(endSeconds, previous?.endSeconds ?? 0));
  const first = Math.min(toMs(previous?.endSeconds ?? startSeconds), last);
  const isAlone = previous === undefined && next === undefined;
  const [one, other] = [replaced.at(0), replaced.at(-1)];
  if (isAlone || one === undefined || other === undefined) return { startMs: first, endMs: last };
  const within = (seconds: number) => Math.min(Math.max(toMs(seconds), first), last);
  const startMs = within(one.startSeconds);
  return { startMs, endMs: Math.max(startMs, within(other.endSeconds)) };
}

function spread(texts: readonly string[], { startMs, endMs }: Span): readonly Word[] {
  const letters = texts.reduce((sum, text) => sum + text.length, 0);
  const at = (said: number) => Math.round(startMs + ((endMs - startMs) * said) / letters) / 1000;
  let said = 0;
  return texts.map((text) => {
    const startSeconds = at(said);
    said += text.length;
    return { startSeconds, endSeconds: at(said), text, probability: 1, speaker: null };
  });
}

/** The words with a space before each that has one in the text; the first has one, too, where the script has spaces. */
function withSpaces(words: readonly Word[], text: string): readonly Word[] {
  let end = 0;
  return words.map((word) => {
    const core = word.text.trim();
    const at = text.indexOf(core, end);
    end = at + core.length;
    const hasSpace = at === 0 ? !beginsUnspaced.test(core) : /\s/u.test(text.charAt(at - 1));
    return { ...word, text: hasSpace ? ` ${core}` : core };
  });
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}
