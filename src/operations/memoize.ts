/**
 * Makes a reader that many may ask: an answer, or one that is on its way, that was asked for less than `freshMs` ago is given again. A failure is told to
 * those who wait for it, and to nobody after.
 */
export function memoizeFor<T>(read: () => Promise<T>, freshMs: number): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = 0;
  return () => {
    const now = performance.now();
    if (answer !== undefined && now - askedAt < freshMs) return answer;
    askedAt = now;
    const asked = read();
    answer = asked;
    asked.catch(() => {
      if (answer === asked) answer = undefined;
    });
    return asked;
  };
}
