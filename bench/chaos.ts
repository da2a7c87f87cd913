// Kills servers, engines or both at random moments while clients follow their jobs, with small engines and with real speech in turn, and
// proves that nothing is lost: npm run chaos -- [--rounds 200] [--seed 1]
import { parseArgs } from 'node:util';
import { chaos, type ChaosOptions } from '#src/testing/chaos/chaos.ts';
import { recordings } from '#src/testing/recordings.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 10_000) },
  },
});
const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
const spoken = recordings('fr_pico.wav', 'it_pico.wav', 'multilingual.mp3').map(({ path }) => path);
const sample = spoken.slice(0, 1);
const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function run(name: string, options: Omit<ChaosOptions, 'seed' | 'tell'>): Promise<void> {
  const start = performance.now();
  const report = await chaos({ ...options, seed, tell });
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  const { kills, jobs, cancelled, events, attempts, worstOutlivedMs } = report;
  process.stdout.write(
    `${name.padEnd(14)} ${options.rounds} rounds (server ${kills.server}, engine ${kills.engine}, both ${kills.both}) in ${minutes} min, seed ${seed}: ` +
      `${jobs} jobs (${cancelled} cancelled), ${attempts} attempts, ${events} events, none lost, none twice; transcripts as undisturbed; ` +
      `engines outlived a killed server by ${Math.round(worstOutlivedMs)} ms at most\n`,
  );
}

const half = Math.ceil(rounds / 2);
await run('small engines', { engine: 'twelve-batches', recordings: sample, rounds: half, maxPauseMs: 1500 });
await run('real speech', { engine: null, recordings: spoken, rounds: rounds - half, maxPauseMs: 5000 });
