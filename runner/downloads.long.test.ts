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
import { openPostgres, postgresProgram } from '#src/testing/postgres.ts';
import { holding, openRecordingServer } from '#src/testing/recording-server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { startDownloads } from './downloads.ts';

const recording = Buffer.from('a recording');

test(
  'of two nodes one fetches a recording; the other takes it over when that one is not heard of, which changes nothing when it wakes up',
  { skip: postgresProgram.skip },
  async () => {
    await using temporary = await openTemporary();
    const { directory: dataDirectory, stack } = temporary;
    const postgres = stack.use(await openPostgres());
    const held = holding(recording, 5);
    const source = stack.use(await openRecordingServer(held.answer));
    const plain = readConfig(join(import.meta.dirname, '..'), {});
    const server = { ...plain.server, dataDirectory, urlAllowedCidrs: ['127.0.0.1/32'] };
    const storage = openDiskSpace({ dataDirectory, minFreeBytes: 0 });
    const media = await openLocalMediaStore(server, storage);
    const database = await postgres.emptied();
    const config = { ...plain, server };
    const log = pino({ level: 'silent' });
    const startNode = async (change: (store: Store) => Partial<Store>) => {
      const notifier = openNotifier();
      const store = stack.use(await openStore({ database, notifier }));
      const changed = { ...store, ...change(store) };
      stack.use(startDownloads({ store: changed, leaseMs: 2000, notifier, storage, media, config, log }));
      return store;
    };

    let isAlone = false;
    const over = Promise.withResolvers<boolean>();
    const first = held.held();
    const store = await startNode((node) => ({
      async renewDownload(...args) {
        if (isAlone) throw new Error('No answer.');
        return node.renewDownload(...args);
      },
      async finishDownload(...args) {
        const isWanted = await node.finishDownload(...args);
        over.resolve(isWanted);
        return isWanted;
      },
    }));
    const job = { ...newJob(), url: `${source.origin}/a.wav` };
    const { id } = (await store.addJob({ ...job, media: { ...job.media, key: { kept: 'kept' }, bytes: null } })).job;
    await first;
    let looks = 0;
    const looked = Promise.withResolvers<void>();
    const done = Promise.withResolvers<boolean>();
    await startNode((node) => ({
      async waitingDownloads() {
        const waiting = await node.waitingDownloads();
        looks += 1;
        if (looks === 4) looked.resolve();
        return waiting;
      },
      async finishDownload(...args) {
        const isWanted = await node.finishDownload(...args);
        done.resolve(isWanted);
        return isWanted;
      },
    }));
    await looked.promise;
    assert.equal(source.requests.length, 1, 'longer than a lease lasts, which is renewed');
    const second = held.held();
    isAlone = true;
    await second;
    held.release();
    assert.deepEqual(await Promise.all([over.promise, done.promise]), [false, true]);
    const { media: found } = (await store.job(id)) ?? assert.fail();
    await using there = await media.open(found);
    assert.equal(there?.bytes, recording.length);
    assert.notDeepEqual(found.key, { kept: 'kept' });
    assert.equal(source.requests.length, 2);
  },
);
