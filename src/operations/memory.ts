import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Log } from '../logs/log.ts';

/** Between two looks. */
const lookMs = 5000;
/** Share of the time in which the event loop did something, below which the server is idle. */
const idleShare = 0.1;
/** How much more than after the last time is worth the work. */
const growth = 1.3;

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/**
 * Gives memory back to the system when a busy time is over: V8 collects while something is allocated, so what hundreds of clients needed would else stay with a
 * server that nobody asks for anything any more.
 */
export function startReleasingMemory(log: Log): Disposable {
  setFlagsFromString('--expose-gc');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- V8's own function, which only a new context has
  const collect = runInNewContext('gc') as Collect;
  let before = performance.eventLoopUtilization();
  let needed = process.memoryUsage().heapTotal;
  const timer = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    const { heapTotal, rss } = process.memoryUsage();
    if (utilization > idleShare || heapTotal < needed * growth) return;
    const began = performance.now();
    collect({ type: 'major', flavor: 'last-resort' });
    needed = process.memoryUsage().heapTotal;
    const tookMs = Math.round(performance.now() - began);
    log.debug({ tookMs, bytes: rss - process.memoryUsage().rss }, 'memory given back');
  }, lookMs).unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}
