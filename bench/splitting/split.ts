// Reads one recording with one slot, and split over two: compares what is kept of both, and the processor time of all engines. `npm run bench:split -- MINUTES` (60), made of the
// recordings in ../shared/audio.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openHarness } from '#runner/fixtures/harness.ts';
import { readConfig } from '#src/config/config.ts';
import { isFinished } from '#src/jobs/job.ts';

const root = join(import.meta.dirname, '../..');
const { engineCommand, modelDirectory } = readConfig(root, {}).server;
const minutes = Number(process.argv[2] ?? 60);
/** Of an hour it makes parts of ten minutes, as the setting of 30 does; shorter recordings have shorter parts. */
const splitMinutes = minutes / 2;
const most = 1.15; // of the processor time of one slot
const ticksPerSecond = 100; // USER_HZ of every Linux that Node runs on

const recording = `
import sys
import numpy as np
from pathlib import Path
from engine.tests.make import samples, write_wav
files = ("en_columbia_address.wma", "long_ljspeech_one_voice.flac", "en_jfk_11s.flac")
sound = np.concatenate([samples(Path(sys.argv[2]) / name) for name in files])
write_wav(Path(sys.argv[1]), np.resize(sound, int(float(sys.argv[3]) * 60 * 16_000)))
`;

await using harness = await openHarness('speaks', {
  server: { engineCommand: [...engineCommand], modelDirectory, splitMinutes },
});
const path = join(harness.config.server.mediaRoots[0]?.path ?? '', 'speech.wav');
const env = { ...process.env, PYTHONPATH: join(root, 'runner') };
const audio = join(root, '../shared/audio');
await promisify(execFile)(engineCommand[0] ?? '', ['-c', recording, path, audio, String(minutes)], { cwd: root, env });
const bytes = (await stat(path)).size;

const one = await read(1);
const two = await read(2);
assert.deepEqual(two.kept, one.kept);
const ratio = two.processorSeconds / one.processorSeconds;
process.stdout.write(
  `${minutes} min, ${one.kept.length} segments, the same twice. Processor time: one slot ${one.processorSeconds} s, two slots ${two.processorSeconds} s, ${ratio.toFixed(2)} times as much; it took ${one.seconds} and ${two.seconds} s.\n`,
);
if (ratio > most) process.exitCode = 1;

/** What is kept of the recording, read with so many slots, and what that took. */
async function read(slots: number) {
  const [start, before] = [performance.now(), await processorSeconds()];
  await using runner = harness.start({ numJobs: () => slots });
  const { id } = await harness.add({ wordTimestamps: true }, bytes);
  const job = await harness.until(id, ({ status }) => isFinished(status));
  assert.equal(job.status, 'COMPLETED');
  await runner.stop();
  const segments = await harness.store.segments(id, { limit: 100_000 });
  const kept = segments.map(({ item }) => ({ ...item, id: null }));
  const seconds = Math.round((performance.now() - start) / 1000);
  return { kept, seconds, processorSeconds: Math.round((await processorSeconds()) - before) };
}

/** Of the children of this process that have ended: fields 16 and 17 of proc(5). */
async function processorSeconds(): Promise<number> {
  const fields = (await readFile('/proc/self/stat', 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}
