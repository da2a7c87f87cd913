// Kills servers, engines or both at random moments while clients follow their jobs, with small engines and with real speech in turn, and
// proves that nothing is lost; then kills them between the end of a job and the arrival of its webhook's message, and proves that each arrives:
// and while speakers are told apart, again, and merged: npm run chaos -- [--rounds 200] [--kills 200] [--tellings 100] [--seed 1]; 0 leaves a part out.
// With --fleet it does so to several nodes on PostgreSQL: npm run chaos -- --fleet [--rounds 30] [--speech 5] [--seed 1]; so many rounds of --rounds are with real speech.
import { parseArgs } from 'node:util';
import { chaos, type ChaosOptions } from '#src/testing/chaos/chaos.ts';
import { runFleet } from '#src/testing/chaos/fleet-rounds.ts';
import { tellingChaos } from '#src/testing/chaos/telling.ts';
import { webhookChaos } from '#src/testing/chaos/webhooks.ts';
import { recordings } from '#src/testing/recordings.ts';

const { values } = parseArgs({
  options: {
    fleet: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    speech: { type: 'string', default: '5' },
    kills: { type: 'string', default: '200' },
    tellings: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 10_000) },
  },
});
const [rounds, kills, seed] = [Number(values.rounds ?? 200), Number(values.kills), Number(values.seed)];
const tellings = Number(values.tellings);
const spoken = recordings('fr_pico.wav', 'it_pico.wav', 'multilingual.mp3').map(({ path }) => path);
const sample = spoken.slice(0, 1);
const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function run(name: string, options: Omit<ChaosOptions, 'seed' | 'tell'>): Promise<void> {
  const start = performance.now();
  const report = await chaos({ ...options, seed, tell });
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  const { kills: killed, jobs, cancelled, events, attempts, worstOutlivedMs } = report;
  process.stdout.write(
    `${name.padEnd(14)} ${options.rounds} rounds (server ${killed.server}, engine ${killed.engine}, both ${killed.both}) in ${minutes} min, seed ${seed}: ` +
      `${jobs} jobs (${cancelled} cancelled), ${attempts} attempts, ${events} events, none lost, none twice; transcripts as undisturbed; ` +
      `engines outlived a killed server by ${Math.round(worstOutlivedMs)} ms at most\n`,
  );
}

async function runWebhooks(): Promise<void> {
  const start = performance.now();
  const { jobs, received, twice, unsent, unanswered } = await webhookChaos({ kills, seed, tell });
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  process.stdout.write(
    `${'webhooks'.padEnd(14)} ${kills} kills (${unsent} before the message was sent, ${unanswered} before it was answered) in ${minutes} min, seed ${seed}: ` +
      `${jobs} jobs ended, ${received} messages arrived, ${twice} of them a second time; no end was not told, and none told that was not\n`,
  );
}

async function runTellings(): Promise<void> {
  const start = performance.now();
  const { undone, done } = await tellingChaos({ kills: tellings, seed, tell });
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  process.stdout.write(
    `${'speakers'.padEnd(14)} ${tellings} kills in ${minutes} min, seed ${seed}: ${undone} left the transcript as it was, ${done} came when the new one stood; none between\n`,
  );
}

async function runServer(): Promise<void> {
  if (rounds > 0) {
    const half = Math.ceil(rounds / 2);
    await run('small engines', { engine: 'twelve-batches', recordings: sample, rounds: half, maxPauseMs: 1500 });
    await run('real speech', { engine: null, recordings: spoken, rounds: rounds - half, maxPauseMs: 5000 });
  }
  if (kills > 0) await runWebhooks();
  if (tellings > 0) await runTellings();
}

await (values.fleet
  ? runFleet({ rounds: Number(values.rounds ?? 30), speech: Number(values.speech), seed, tell })
  : runServer());
