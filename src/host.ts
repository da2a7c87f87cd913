import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';

/** What the machine has and how busy it is. Bytes, and shares from 0 to 1. */
export interface HostReading {
  readonly cpu: { readonly cores: number; readonly utilization: number; readonly model: string };
  readonly memory: { readonly totalBytes: number; readonly usedBytes: number };
  readonly disk: { readonly totalBytes: number; readonly freeBytes: number };
}

/** Reads the machine; `disk` is the one that holds `folder`. Utilization is the mean since the reading before. */
export function openHost(folder: string): () => Promise<HostReading> {
  let before = times();
  let utilization = 0;
  return async () => {
    const now = times();
    // Readings within a clock tick would divide by nothing; the last figure stands.
    if (now.total > before.total) utilization = (now.busy - before.busy) / (now.total - before.total);
    before = now;
    const disk = await statfs(folder);
    return {
      cpu: { cores: availableParallelism(), utilization, model: cpus()[0]?.model.trim() ?? 'unknown' },
      memory: { totalBytes: totalmem(), usedBytes: totalmem() - freemem() },
      disk: { totalBytes: disk.blocks * disk.bsize, freeBytes: disk.bavail * disk.bsize },
    };
  };
}

function times(): { readonly busy: number; readonly total: number } {
  let busy = 0;
  let idle = 0;
  for (const { times: cpu } of cpus()) {
    busy += cpu.user + cpu.nice + cpu.sys + cpu.irq;
    idle += cpu.idle;
  }
  return { busy, total: busy + idle };
}
