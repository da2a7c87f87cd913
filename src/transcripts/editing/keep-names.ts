import type { Segment, Speaker, Word } from '../../jobs/transcript.ts';

/** For how long those who were told apart before say the same as those who are told apart now. */
export interface NameKeeper {
  /** Counts what is said by some speaker now, and by others before; each as it was heard. */
  count(now: readonly SaidBy[], before: readonly SaidBy[]): void;
  /** The names that go on to speakers of now, by their keys: of those with whom each shares more than half of what both say. */
  names(before: readonly Speaker[]): ReadonlyMap<string, string>;
}

/** What is heard, and who says it. */
interface SaidBy extends Pick<Segment, 'startSeconds' | 'endSeconds' | 'speaker'> {
  readonly words: readonly Word[] | null;
}

/** Opens a keeper that has counted nothing. */
export function openNameKeeper(): NameKeeper {
  const shared = new Map<string, Map<string, number>>();
  const [sumsNow, sumsBefore] = [new Map<string, number>(), new Map<string, number>()];
  return {
    count(now, before) {
      const speakers = new Map<string, string>();
      for (const { name, ms, speaker } of before.flatMap(stretchesOf)) {
        speakers.set(name, speaker);
        add(sumsBefore, speaker, ms);
      }
      for (const { name, ms, speaker } of now.flatMap(stretchesOf)) {
        add(sumsNow, speaker, ms);
        const other = speakers.get(name);
        if (other === undefined) continue;
        const ofSpeaker = shared.get(speaker) ?? new Map<string, number>();
        shared.set(speaker, ofSpeaker);
        add(ofSpeaker, other, ms);
      }
    },
    names(before) {
      const named = new Map(before.flatMap(({ key, name }) => (name === null ? [] : [[key, name] as const])));
      const names = new Map<string, string>();
      for (const [key, others] of shared) {
        for (const [other, ms] of others) {
          const name = named.get(other);
          if (name !== undefined && isMost(ms, sumsNow.get(key)) && isMost(ms, sumsBefore.get(other)))
            names.set(key, name);
        }
      }
      return names;
    },
  };
}

/** The words of a segment, or all of it, by what they are known again by. */
function stretchesOf({ words, speaker, ...segment }: SaidBy) {
  if (speaker === null) return [];
  return (words ?? [segment]).map(({ startSeconds, endSeconds }) => ({
    name: `${startSeconds} ${endSeconds}`,
    ms: Math.round((endSeconds - startSeconds) * 1000),
    speaker,
  }));
}

function add(sums: Map<string, number>, key: string, ms: number): void {
  sums.set(key, (sums.get(key) ?? 0) + ms);
}

function isMost(ms: number, sum: number | undefined): boolean {
  return 2 * ms > (sum ?? 0);
}
