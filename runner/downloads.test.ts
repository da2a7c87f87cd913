import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { readConfig } from '#src/config/config.ts';
import { openDiskSpace } from '#src/media/disk.ts';
import { openLocalMediaStore } from '#src/media/local.ts';
import { newJob } from '#src/store/contract/samples.ts';
import { openNotifier } from '#src/store/notifier.ts';
import { openStore } from '#src/store/open.ts';
import type { Store } from '#src/store/store.ts';
import { openRecordingServer, serving } from '#src/testing/recording-server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { startDownloads } from './downloads.ts';

const recording = Buffer.from('a recording');

test('a list of what waits that is old by now has nothing fetched again that is there', async () => {
  await using temporary = await openTemporary();
  const { directory: dataDirectory, stack } = temporary;
  const source = stack.use(await openRecordingServer(serving(recording)));
  const plain = readConfig(join(import.meta.dirname, '..'), {});
  const server = { ...plain.server, dataDirectory, urlAllowedCidrs: ['127.0.0.1/32'] };
  const notifier = openNotifier();
  const store = stack.use(await openStore({ database: ':memory:', notifier }));
  const storage = openDiskSpace({ dataDirectory, minFreeBytes: 0 });
  const media = await openLocalMediaStore(server, storage);
  const job = { ...newJob(), url: `${source.origin}/a.wav` };
  const added = await store.addJob({ ...job, media: { ...job.media, key: { kept: 'kept' }, bytes: null } });
  const over = Promise.withResolvers<void>();
  const again = Promise.withResolvers<void>();
  let [lists, begun, arrivals] = [0, 0, 0];
  const late: Store = {
    ...store,
    async waitingDownloads() {
      const waiting = await store.waitingDownloads();
      lists += 1;
      if (lists === 2) await over.promise;
      return waiting;
    },
    async claimDownload(...args) {
      const claim = await store.claimDownload(...args);
      begun += 1;
      if (begun === 2) again.resolve();
      return claim;
    },
    async releaseDownload(id) {
      await store.releaseDownload(id);
      setImmediate(() => over.resolve());
    },
  };
  const downloads = startDownloads({
    store: late,
    leaseMs: 10_000,
    notifier,
    storage,
    media: {
      remove: (kept) => media.remove(kept),
      arrive(name, signal) {
        arrivals += 1;
        return media.arrive(name, signal);
      },
    },
    config: { ...plain, server },
    log: pino({ level: 'silent' }),
  });
  await again.promise;
  await downloads[Symbol.asyncDispose]();
  assert.equal(arrivals, 1);
  const { media: found } = (await store.job(added.job.id)) ?? assert.fail();
  await using there = await media.open(found);
  assert.equal(there?.bytes, recording.length);
});
