import type { FileLook } from './store.ts';

/** What was written to less than this ago may still be written to: programs that copy or record pause for less. */
const stableMs = 3000;
/** Who still writes after this long does not copy a recording, but makes one. */
const longestMs = 60_000;

/** Whether a file may still be written to. */
export function mayGrow(look: Pick<FileLook, 'modifiedAt'>): boolean {
  return ageMs(look) < stableMs;
}

/** A file from the future is as good as new: the clock of its disk is ahead of ours. */
function ageMs({ modifiedAt }: Pick<FileLook, 'modifiedAt'>): number {
  return Math.max(0, Date.now() - modifiedAt.getTime());
}

/** A file that is waited for; times by a clock that only goes forward. */
export interface Settling {
  readonly look: FileLook;
  /** When it was first looked at. */
  readonly sinceMs: number;
  /** Since when its size and its time have been what they are. */
  readonly unchangedSinceMs: number;
}

/** What is known after another look. */
export function lookAgain(before: Settling | undefined, look: FileLook, nowMs: number): Settling {
  const isSame = before?.look.bytes === look.bytes && before.look.modifiedAt.getTime() === look.modifiedAt.getTime();
  return {
    look,
    sinceMs: before?.sinceMs ?? nowMs,
    unchangedSinceMs: isSame ? before.unchangedSinceMs : nowMs - ageMs(look),
  };
}

/** Whether it is to be waited for no more: nobody has written to it for a while, or it is written to without end. */
export function isSettled({ sinceMs, unchangedSinceMs }: Settling, nowMs: number): boolean {
  return nowMs - unchangedSinceMs >= stableMs || nowMs - sinceMs >= longestMs;
}
