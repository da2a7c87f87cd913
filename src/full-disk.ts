import type { Log } from './log.ts';

const pauseMs = 60_000;
let toldAt = Number.NEGATIVE_INFINITY;

/** Tells that the disk takes no writes: one line a minute in this process, however many meet it and try again. */
export function tellFullDisk(log: Log): void {
  const now = performance.now();
  if (now - toldAt < pauseMs) return;
  toldAt = now;
  log.error('disk full');
}
