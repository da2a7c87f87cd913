import { setTimeout as sleep } from 'node:timers/promises';
import { attend, type Bell } from '#src/store/notifier.ts';
import { stoppable } from './subscription.ts';

/** Rings of the same name within this time are one: at most four a second. */
const coalesceMs = 250;

/** What `tell` makes of the names that rang, or of one name alone; a name that rings while it is told is told again. */
export function coalesced<T>(
  bell: Bell,
  tell: (rung: ReadonlySet<string>) => AsyncGenerator<T, void, undefined>,
  name?: string,
): AsyncGenerator<T, void, undefined> {
  return stoppable(async function* watch(signal) {
    using ear = attend(bell, name);
    while (!signal.aborted) {
      yield* tell(await ear.heard(signal));
      await sleep(coalesceMs, undefined, { signal }).catch(() => undefined);
    }
  });
}
