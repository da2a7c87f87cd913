import { openRandom, type Random } from './chaos/random.ts';

/** Made-up speech whose words are as unevenly frequent as those of a language (Zipf); one sentence in ten is Japanese. */
export interface Speech {
  /** A word as it may come in a sentence; of the `most` frequent where that is given. */
  word(most?: number): string;
  /** One of the rarest that there are. */
  rareWord(): string;
  /** Six to fourteen words. */
  sentence(): string;
  /** Twenty characters, half of them kana. */
  japanese(): string;
  /** A sentence or something Japanese. */
  next(): string;
}

const [consonants, vowels, ends] = ['bcdfghklmnprstvwz', 'aeiou', ['', '', 'n', 'r', 's', 't', 'l']] as const;
const frequent = 'the and to of a in that it is you was for on we have not with this they what country'.split(' ');
const kana = 'のにはをたがでてとしれさあるいもなこ';
const vocabularySize = 100_000;

/** Opens speech that is the same for the same seed; all speech has one vocabulary. */
export function openSpeech(seed: number): Speech {
  const words = vocabulary();
  const sums = cumulative(words.length);
  const random = openRandom(seed);
  const share = () => random.below(1);
  const upTo = (count: number) => Math.floor(random.below(count));
  const speech: Speech = {
    word: (most = words.length) => words[place(sums, random.below(sums[most - 1] ?? 0))] ?? '',
    rareWord: () => words[words.length - 1 - upTo(words.length / 2)] ?? '',
    sentence: () => Array.from({ length: 6 + upTo(9) }, () => speech.word()).join(' '),
    japanese: () =>
      Array.from({ length: 20 }, () =>
        upTo(2) === 0
          ? kana.charAt(Math.floor(share() * share() * kana.length))
          : String.fromCodePoint(0x4e_00 + Math.floor(share() ** 3 * 3000)),
      ).join(''),
    next: () => (upTo(10) === 0 ? speech.japanese() : speech.sentence()),
  };
  return speech;
}

/** The most frequent first; frequent ones are short. */
function vocabulary(): readonly string[] {
  const random = openRandom(0);
  const words = new Set(frequent);
  while (words.size < vocabularySize) {
    const length = 1 + Math.floor(random.below(1 + Math.log10(words.size)));
    words.add(Array.from({ length }, () => syllable(random)).join(''));
  }
  return [...words];
}

/** Some come more often than others, so that parts of words do. */
function syllable(random: Random): string {
  const often = (items: string | readonly string[]) => items[Math.floor(random.below(1) ** 2 * items.length)] ?? '';
  return often(consonants) + often(vowels) + often(ends);
}

function cumulative(count: number): readonly number[] {
  let sum = 0;
  return Array.from({ length: count }, (_, rank) => (sum += 1 / (rank + 2.7)));
}

/** The first place whose sum is not below a value. */
function place(sums: readonly number[], value: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((sums[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
