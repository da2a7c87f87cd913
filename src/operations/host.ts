import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';

/** What the machine has and how busy it is. Bytes, and shares from 0 to 1. */
export interface HostStats {
  readonly cpu: { readonly cores: number; readonly utilization: number; readonly model: string };
  readonly memory: { readonly totalBytes: number; readonly usedBytes: number };
  readonly disk: { readonly totalBytes: number; readonly freeBytes: number };
}

/** A machine that is looked at now and then. */
export interface Host extends Disposable {
  /** Reads it; utilization is the mean of the last half to five seconds, whoever else reads and however often. */
  readonly read: () => Promise<HostStats>;
}

/** Between two looks when nobody reads, so that the first who does is not told of an hour ago. */
const lookMs = 5000;
/** The kernel counts in ticks of 10 ms: over less time a share says little. */
const leastMs = 500;

/** Looks at the machine; `disk` is the one that holds `folder`. */
export function openHost(folder: string): Host {
  let before = readTimes();
  let utilization = 0;
  function look(): void {
    const now = readTimes();
    if (now.at - before.at < leastMs || now.total === before.total) return;
    utilization = (now.busy - before.busy) / (now.total - before.total);
    before = now;
  }
  const timer = setInterval(look, lookMs).unref();
  return {
    async read() {
      look();
      const disk = await statfs(folder);
      return {
        cpu: { cores: availableParallelism(), utilization, model: cpus()[0]?.model.trim() ?? 'unknown' },
        memory: { totalBytes: totalmem(), usedBytes: totalmem() - freemem() },
        disk: { totalBytes: disk.blocks * disk.bsize, freeBytes: disk.bavail * disk.bsize },
      };
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Milliseconds that all cores together were busy and were there for, and when that was so. */
function readTimes(): { readonly at: number; readonly busy: number; readonly total: number } {
  let busy = 0;
  let idle = 0;
  for (const { times: cpu } of cpus()) {
    busy += cpu.user + cpu.nice + cpu.sys + cpu.irq;
    idle += cpu.idle;
  }
  return { at: performance.now(), busy, total: busy + idle };
}
