import { memoizeFor } from '#src/operations/memoize.ts';
import type { GpuStats } from '#src/operations/server-status.ts';
import { runProgram } from './process/run-program.ts';

/** The name stands last, since it may hold a comma. */
const fields = 'index,memory.total,memory.used,utilization.gpu,temperature.gpu,name';
const freshMs = 2000;
/** Cards come and go seldom, and a job that is to be claimed does not wait until their driver has answered. */
const usableMs = 10_000;
/** A driver that has lost its card answers late or never. */
const limitMs = 5000;

/** The NVIDIA GPUs of this machine, at most 10 s old; none, without an error, where there is no nvidia-smi. */
export const readGpus: () => Promise<readonly GpuStats[]> = gpuReader(['nvidia-smi']);

/** A reader that asks `command` for the GPUs, and not again within 2 s; where it has answered within 10 s, nobody waits for it. */
export function gpuReader(command: readonly string[]): () => Promise<readonly GpuStats[]> {
  return memoizeFor(() => ask(command), freshMs, usableMs);
}

async function ask(command: readonly string[]): Promise<readonly GpuStats[]> {
  const query = [...command, `--query-gpu=${fields}`, '--format=csv,noheader,nounits'];
  try {
    const { lines, exit } = await runProgram(query, { limitMs });
    return exit.exitCode === 0 ? lines.map(parseGpu).filter((gpu) => gpu !== null) : [];
  } catch {
    return []; // A driver that answers with a line without end has no card to offer.
  }
}

/** A line such as `0, 81559, 1024, 37, 41, NVIDIA H100`; what a card does not tell stands there as [N/A]. */
function parseGpu(line: string): GpuStats | null {
  const [index, total, used, utilization, temperature, ...name] = line.split(',').map((field) => field.trim());
  if (name.length === 0 || numberOf(index) === null) return null;
  return {
    index: numberOf(index) ?? 0,
    name: name.join(', '),
    memoryTotalBytes: (numberOf(total) ?? 0) * 1024 * 1024,
    memoryUsedBytes: (numberOf(used) ?? 0) * 1024 * 1024,
    utilization: (numberOf(utilization) ?? 0) / 100,
    temperatureCelsius: numberOf(temperature),
  };
}

function numberOf(text: string | undefined): number | null {
  return text === undefined || text === '' || !Number.isFinite(Number(text)) ? null : Number(text);
}
