import assert from 'node:assert/strict';
import { postgresProgram } from '../postgres.ts';
import { recordings } from '../recordings.ts';
import { fleetChaos, type FleetChaosOptions, type Mishap } from './fleet.ts';

/** What befalls a fleet, round by round, and then again. */
const usual: readonly Mishap[] = [
  'worker killed',
  'api killed',
  'worker frozen',
  'worker killed',
  'database restarted',
  'api cut off',
  'worker killed',
  'worker cut off',
  'api killed',
  'worker killed',
  'api frozen',
];

/** How much of it. */
interface FleetRounds {
  /** All together. */
  readonly rounds: number;
  /** Of these with real speech. */
  readonly speech: number;
  readonly seed: number;
  readonly tell: (line: string) => void;
}

/**
 * Has things happen to a fleet of two API nodes and four workers while clients follow their jobs, with small engines and then with real speech, and tells on stdout
 * what was done; then the same without the fence, which must not come right. Throws where anything is otherwise.
 */
export async function runFleet({ rounds, speech, seed, tell }: FleetRounds): Promise<void> {
  if (postgresProgram.skip !== false) throw new Error(postgresProgram.skip);
  const spoken = recordings('multilingual.mp3').map(({ path }) => path);
  const all = { recordings: spoken.slice(0, 1), workers: 4, leaseSeconds: 10, seed, tell };
  const small = { ...all, engine: 'twelve-batches 300', slots: 2, maxPauseMs: 1500 };
  const mishaps = inTurn(rounds - speech);
  // Once, halfway.
  if (mishaps.length > 0) mishaps[Math.floor(mishaps.length / 2)] = 'database replaced';
  await run('small engines', { ...small, mishaps });
  await run('real speech', {
    ...all,
    engine: null,
    recordings: spoken,
    slots: 1,
    maxPauseMs: 5000,
    mishaps: inTurn(speech),
  });
  await runControl({ ...small, engine: 'twelve-batches 1500' });
}

function inTurn(rounds: number): Mishap[] {
  return Array.from({ length: rounds }, (_, round) => usual[round % usual.length] ?? 'worker killed');
}

async function run(name: string, options: FleetChaosOptions): Promise<void> {
  if (options.mishaps.length === 0) return;
  const start = performance.now();
  const { jobs, cancelled, attempts, interrupted, events, movedMs } = await fleetChaos(options);
  const moved = movedMs.map((ms) => (ms / 1000).toFixed(1));
  process.stdout.write(
    `${name.padEnd(14)} ${options.mishaps.length} rounds in ${minutesSince(start)} min, seed ${options.seed}: ` +
      `${jobs} jobs (${cancelled} cancelled), ${attempts} attempts (${interrupted} interrupted), ${events} events, none lost, none twice; transcripts as undisturbed; ` +
      `${moved.length} jobs of killed workers ran elsewhere after ${moved[Math.floor(moved.length / 2)] ?? '-'} s (median; ${moved.at(-1) ?? '-'} at most)\n`,
  );
}

/** Jobs are longer than a worker is frozen beyond its lease, so that it wakes up while another goes on with them. */
async function runControl(options: Omit<FleetChaosOptions, 'mishaps'>): Promise<void> {
  const start = performance.now();
  const mishaps = ['worker frozen', 'worker frozen', 'worker frozen'] as const;
  await assert.rejects(fleetChaos({ ...options, mishaps, isFenced: false }), assert.AssertionError);
  process.stdout.write(`${'without fence'.padEnd(14)} goes wrong, as it must, in ${minutesSince(start)} min\n`);
}

function minutesSince(start: number): string {
  return ((performance.now() - start) / 60_000).toFixed(1);
}
