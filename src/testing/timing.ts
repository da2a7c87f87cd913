import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** So often is each run, or all of them for so long: a hundred of the slowest then tell the 99th percentile, not a few that were hindered. */
const [mostRuns, longestMs] = [10_000, 8000];

/** How long runs take, in turns, so that what else the machine does befalls all of them alike; milliseconds, sorted. */
export async function timesOf(...runs: readonly (() => Promise<unknown>)[]): Promise<readonly (readonly number[])[]> {
  for (const run of runs) await run();
  const times = runs.map((): number[] => []);
  const end = performance.now() + longestMs;
  for (let round = 0; round < mostRuns && performance.now() < end; round += 1) {
    for (const [index, run] of runs.entries()) {
      const start = performance.now();
      await run();
      times[index]?.push(performance.now() - start);
    }
  }
  return times.map((each) => each.toSorted((one, other) => one - other));
}

/** So often is a block measured: what else the machine does makes it longer, and nothing makes it shorter. */
const blockRuns = 3;

/** How long a run holds everybody else up: the longest that a timer of 1 ms was late meanwhile, in milliseconds; the least of three runs. */
export async function longestBlock(run: () => Promise<unknown>): Promise<number> {
  const blocks: number[] = [];
  for (let count = 0; count < blockRuns; count += 1) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await sleep(20);
    await run();
    await sleep(20);
    delay.disable();
    blocks.push(delay.max / 1e6);
  }
  return Math.min(...blocks);
}

/** The time below which a share of the times lie, such as 0.99 of them; NaN where there are none. */
export function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
