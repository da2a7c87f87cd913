/** Asks once for what many ask for at the same time. */
export interface SingleFlight<V> {
  /** The answer to a question about something: the one that is on its way, or was given a moment ago. */
  get(about: unknown, question: string | number, ask: () => Promise<V>): Promise<V>;
  /** What was asked about something is no longer true. */
  forget(about: unknown): void;
}

/** How an answer is kept for those who ask a moment later. */
interface Keeping<V> {
  /** Of an answer, in the unit of `maxSize`. */
  readonly sizeOf: (answer: V) => number;
  /** Of all answers together. */
  readonly maxSize: number;
}

/** Long enough for two thousand who come back at once; not so long that somebody would see an old state of what changes without notice. */
const keptMs = 100;

/** A failure is told to those who wait for it, and to nobody after. */
export function openSingleFlight<V>({ sizeOf, maxSize }: Keeping<V>): SingleFlight<V> {
  const kept = new Map<unknown, Map<string | number, Promise<V>>>();
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  function forgetAll(): void {
    kept.clear();
    size = 0;
    clearTimeout(timer);
    timer = undefined;
  }
  function grow(by: number): void {
    size += by;
    if (size > maxSize) forgetAll();
  }
  return {
    get(about, question, ask) {
      const known = kept.get(about)?.get(question);
      if (known !== undefined) return known;
      const asked = ask();
      const answers = kept.get(about) ?? new Map<string | number, Promise<V>>();
      kept.set(about, answers.set(question, asked));
      timer ??= setTimeout(forgetAll, keptMs).unref();
      asked.then(
        (answer) => answers.get(question) === asked && grow(sizeOf(answer)),
        () => answers.get(question) === asked && answers.delete(question),
      );
      return asked;
    },
    forget: (about) => kept.delete(about),
  };
}
