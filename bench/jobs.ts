// How long twenty recordings of 7 s take, sent at once, from the first request to the last COMPLETED, with one job and with two at a time; beside a loop of
// faster-whisper's batched pipeline, a process for each, as a command line in a loop has it; in turns: npm run bench:jobs
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { readConfig } from '#src/config/config.ts';
import { eventsOf } from '#src/testing/follow.ts';
import { openProcessHarness, submitTo } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';
import { percentile } from '#src/testing/timing.ts';

const root = join(import.meta.dirname, '..');
const { engineCommand, modelDirectory } = readConfig(root, {}).server;
const python = engineCommand[0] ?? '';
const run = promisify(execFile);
const [files, rounds] = [20, 3];

/** Cuts pieces of 7 s out of the sample that comes with the project. */
const cut = `
import sys; sys.path.insert(0, sys.argv[3])
from pathlib import Path
import numpy as np
from engine.audio.media import Media
from engine.audio.recording import Source, open_recording
from engine.tests.make import write_wav
sound = np.concatenate(list(Media(open_recording(Source(sys.argv[1])), split=False).sound(3600.0, None)), axis=1)[0]
for number in range(${files}):
    write_wav(Path(sys.argv[2]) / f"{number:02}.wav", sound[number * 7 * 16_000 :][: 7 * 16_000])`;

const folder = await mkdtemp(join(tmpdir(), 'phonograph-bench-'));
try {
  await run(python, ['-c', cut, join(root, 'samples/columbia.opus'), folder, join(root, 'runner')]);
  const names = await readdir(folder);
  await using harness = await openProcessHarness(null);
  const url = await harness.start({ PHONOGRAPH_MEDIA_ROOTS: folder }).url;
  const server = async (numJobs: number): Promise<number> => {
    await ask(url, JSON.stringify({ query: `mutation { setConfig(input: { numJobs: ${numJobs} }) { __typename } }` }));
    // An engine on standby, as a server has that is not busy.
    while (!(await standsBy(url))) await sleep(100);
    const start = performance.now();
    const ids = await Promise.all(names.map((path) => submitTo(url, { media: { path } })));
    await Promise.all(ids.map((id) => eventsOf(url, id)));
    return (performance.now() - start) / 1000;
  };
  const control = async (): Promise<number> => {
    const start = performance.now();
    for (const name of names)
      await run(python, [
        join(root, 'bench/controls/bare_engine.py'),
        join(modelDirectory, 'base'),
        join(folder, name),
        'cpu',
        'int8',
      ]);
    return (performance.now() - start) / 1000;
  };
  const sides = { 'numJobs 1': () => server(1), 'numJobs 2': () => server(2), 'a loop of processes': control };
  const times = new Map(Object.keys(sides).map((name) => [name, [] as number[]]));
  while ((await fetch(`${url}/ready`)).status !== 200) await sleep(100);
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, measure] of Object.entries(sides)) times.get(name)?.push(await measure());
  }
  const loop = percentile(times.get('a loop of processes') ?? [], 0.5);
  for (const [name, all] of times) {
    const seconds = percentile(all, 0.5);
    process.stdout.write(
      `${name.padEnd(22)} ${seconds.toFixed(1)} s, ${(seconds / files).toFixed(2)} s a file; ${(seconds / loop).toFixed(2)} of the loop\n`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}

async function standsBy(url: string): Promise<boolean> {
  return (
    (await ask(url, JSON.stringify({ query: '{ server { engine { standby } } }' }))).data.server.engine.standby > 0
  );
}
