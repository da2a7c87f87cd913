import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type Config, readConfig } from '#src/config/config.ts';
import { isFinished, type Job } from '#src/jobs/job.ts';
import { openDiskSpace } from '#src/media/disk.ts';
import { openMedia } from '#src/media/open.ts';
import type { Store } from '#src/store/store.ts';
import { openS3Server } from '#src/testing/s3-server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { assertGapless, type Harness, logged, openHarness } from '../fixtures/harness.ts';

const root = join(import.meta.dirname, '../..');
const { engineCommand, modelDirectory } = readConfig(root, {}).server;
const over = { timeout: 170_000 };

/** Two presidents in turn, 99 seconds: four clips. */
const talk = `
import sys
import numpy as np
from pathlib import Path
from engine.tests.make import samples, write_wav
one, other = samples(Path('samples/jfk.flac')), samples(Path('samples/columbia.opus'))[: 33 * 16_000]
write_wav(Path(sys.argv[1]), np.concatenate([one, other, one, other, one]))
`;

/** A harness with the real engine, which reads a clip at a time of that talk; a recording of more than a minute is split. */
async function openTalk(): Promise<{ readonly harness: Harness; readonly bytes: number }> {
  const server = { engineCommand, modelDirectory, splitMinutes: 1 };
  const harness = await openHarness('speaks', { server, batchSize: 1 });
  const folder = harness.config.server.mediaRoots[0]?.path ?? '';
  const [made, path] = [join(folder, 'made.wav'), join(folder, 'speech.wav')];
  const env = { ...process.env, PYTHONPATH: join(root, 'runner') };
  await promisify(execFile)(engineCommand[0] ?? '', ['-c', talk, made], { cwd: root, env });
  await rename(made, path);
  return { harness, bytes: (await stat(path)).size };
}

/** All that is kept of a transcript. */
async function transcriptOf({ store }: Harness, { id, media, progress, language }: Job) {
  const segments = await store.segments(id, { limit: 1000 });
  return {
    segments: segments.map(({ item }) => ({ ...item, id: null })),
    voices: await store.voices(id, -1),
    peaks: await store.peaksOf([id]),
    found: [media.durationSeconds, media.warnings, media.tracks, progress.processedSeconds, language],
  };
}

/** Samples that a fleet shares. */
async function openSamplesInS3(settings: Config['server']) {
  await using temporary = await openTemporary();
  const { directory, stack } = temporary;
  const s3 = stack.use(await openS3Server(directory));
  const place = { mediaStore: 's3://recordings', s3Endpoint: s3.endpoint, s3PathStyle: true };
  const there = { ...settings, ...place, dataDirectory: directory };
  const { samples } = stack.use(await openMedia(there, openDiskSpace(there), () => undefined));
  const owned = stack.move();
  return { samples, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The store, which has the engine of the job wait until its recording is planned, and then until a part is taken; the first engine of a part is killed. */
function staged({ store, until }: Harness): Store {
  let [batches, isKilled] = [0, false];
  return {
    ...store,
    async appendBatch(lease, batch) {
      batches += 1;
      const { jobId } = lease;
      if (batches === 2) await until(jobId, async () => (await store.plan(jobId))?.state === 'DONE');
      if (batches === 3)
        await until(jobId, async () => (await store.parts(jobId)).some(({ state }) => state !== 'FREE'));
      return store.appendBatch(lease, batch);
    },
    async savePartProcess(lease, child) {
      const isPlan = (await store.plan(lease.jobId))?.id === lease.id;
      if (!isPlan && !isKilled) process.kill(-child.pid, 'SIGKILL');
      isKilled ||= !isPlan;
      return store.savePartProcess(lease, child);
    },
  };
}

test(
  'a recording that two slots read, one of whose engines is killed, has the transcript of one slot',
  over,
  async () => {
    const { harness, bytes } = await openTalk();
    await using owned = harness;
    const { add, until, store } = owned;
    const options = { diarize: true, beamSize: 1 };
    const done = ({ status }: Job): boolean => isFinished(status);
    const alone = owned.start();
    const whole = await until((await add(options, bytes)).id, done);
    await owned.untilLogged('job ended');
    await alone.stop();
    await using s3 = await openSamplesInS3(owned.config.server);
    const runner = owned.start({ numJobs: () => 2, store: staged(owned), samples: s3.samples });
    const split = await until((await add(options, bytes)).id, done);
    await runner.stop();
    assert.deepEqual([whole.status, split.status], ['COMPLETED', 'COMPLETED']);
    const outcomes = logged(owned, 'part ended').map((line) => line['outcome']);
    assert.equal(outcomes.filter((outcome) => outcome === 'LEFT').length, 1);
    assert.ok(outcomes.filter((outcome) => outcome === 'DONE').length >= 2);
    const wanted = await transcriptOf(owned, whole);
    assert.ok(wanted.segments.length > 10 && wanted.voices.length > 2);
    assert.deepEqual(await transcriptOf(owned, split), wanted);
    assert.equal(new Set(wanted.segments.map(({ speaker }) => speaker)).size, 2);
    await assertGapless(owned, split.id);
    assert.deepEqual([await store.parts(split.id), await owned.left()], [[], []]);
  },
);
