/**
 * Makes a reader that many may ask: an answer, or one that is on its way, that was asked for less than `freshMs` ago is given again. One that is older, but not than
 * `usableMs`, is given, too, while another is asked for, so that nobody waits. A failure is told to those who wait for it, and to nobody after.
 */
export function memoizeFor<T>(read: () => Promise<T>, freshMs: number, usableMs = freshMs): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = 0;
  return () => {
    const now = performance.now();
    const age = now - askedAt;
    const before = answer;
    if (before !== undefined && age < freshMs) return before;
    askedAt = now;
    const asked = read();
    const give = () => {
      answer = asked;
    };
    const forget = () => {
      if (answer === asked || answer === before) answer = undefined;
    };
    if (before === undefined || age >= usableMs) {
      give();
      asked.catch(forget);
      return asked;
    }
    asked.then(give, forget);
    return before;
  };
}
