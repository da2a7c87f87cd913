import assert from 'node:assert/strict';
import { wordy, cutBy } from '#src/store/contract/speakers.ts';
import { added, claimed, newBatch, newJob, quietly } from '#src/store/contract/samples.ts';
import type { Store } from '#src/store/store.ts';
import { webhookEvents } from '#src/store/webhooks.ts';
import type { Lease } from '#src/store/work.ts';

const media = { container: 'wav', codec: 'pcm', sampleRate: 8000, channels: 2, warnings: ['Quiet.'], tracks: [] };
const failure = { code: 'MEDIA_CORRUPT', message: 'It is broken.', hint: null, retryable: false } as const;

/** What is said in the jobs of a full store: words that several have, parts of words, and scripts without spaces. */
const talks: readonly (readonly string[])[] = [
  ['The space shuttle has landed.', 'Nobody on the shuttle spoke of space.', 'Good evening.'],
  ['Der Donaudampfschiffkapitän grüßt.', 'Ein Dampfschiff fährt über die Donau.', 'Guten Abend, äöü ß.'],
  ['東京の天気は晴れです。', '明日、東京から京都へ行きます。', '京都は雨です。'],
  ['今天北京天气很好。', '我们明天去上海。', 'We speak English and 中文.'],
  ['안녕하세요 여러분.', '서울의 밤은 아름답습니다.'],
  ['¿Dónde está la biblioteca?', "L'été s'achève, déjà.", 'Привет, мир!'],
];
const languages = ['en', 'de', 'ja', 'zh', 'ko', 'es'];

/**
 * Writes into a store what nothing changes any more by itself: jobs that were completed, failed, cancelled and deleted, and such as wait for as long as nobody takes
 * them; transcripts that were corrected, and told apart by speakers; webhooks, keys, settings and log lines. Answers the ids of the jobs that have a transcript.
 */
export async function fillStore(store: Store): Promise<readonly string[]> {
  await store.changeSettings({ paused: true, language: 'de' }, 'alice');
  await store.keepOnce('urlSecret', 'a secret of this store');
  const webhook = await store.addWebhook({
    url: 'https://example.org/hook',
    secret: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0',
    owner: null,
    everyJob: true,
    events: webhookEvents,
  });
  const ids: string[] = [];
  for (const [at, texts] of talks.entries()) ids.push(await spoken(store, at, texts));
  const [first = '', second = ''] = ids;
  await store.editSegments(first, [{ index: 2, text: 'Good evening from Houston.', speaker: '1' }], null);
  await store.editSegments(
    first,
    [
      { index: 1, text: 'They spoke of rockets.' },
      { index: 0, startSeconds: 0.25 },
    ],
    null,
  );
  await store.editSegments(second, [{ index: 0, text: 'Der Kapitän grüßt.' }], null);
  await store.revertSegments(second, [0], null);
  const talk = await conversation(store);
  await store.renameSpeaker(talk, '1', 'Анна');
  await store.updateJob(second, { title: 'Réunion à Kyōto', tags: ['meeting', '会議'] });
  await failed(store);
  await cleared(store);
  await store.cancel((await added(store, { title: 'Cancelled', callerId: 'bob' })).id);
  const gone = await added(store, { title: 'Deleted', callerId: 'alice' });
  await store.deleteJob(gone.id);
  for (const callerId of ['alice', 'bob', 'alice', null]) {
    await added(store, { callerId, title: 'It waits', priority: callerId === 'bob' ? 5 : 0 });
  }
  await store.addApiKey({ name: 'alice', role: 'USER', sha256: 'a'.repeat(64), prefix: 'pg_alice', expiresAt: null });
  await store.requestModel('tiny', 'DOWNLOAD');
  await writeLines(store, ids);
  await deliverAll(store, webhook?.id ?? '');
  while (await store.indexOlder()) continue;
  return [...ids, talk];
}

/** Writes what a server goes on with when it starts: jobs that run, wait for their recording, or have a message on its way, and an edit that was killed. */
export async function fillQueue(store: Store): Promise<void> {
  await added(store, { settling: true });
  await added(store, {
    url: 'https://example.org/a.wav',
    callerId: 'carol',
    media: { ...newJob().media, bytes: null },
  });
  await added(store, { callerId: 'dora', priority: 9, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` });
  const { lease } = await claimed(store);
  await store.saveProcess(lease, { pid: 2 ** 22, pidStartTime: '12345', device: 'cpu' });
  await store.appendBatch(lease, { ...newBatch(['half of it']), voices: [{ clip: 0, pieces: 'AAAA' }] });
  const cancelled = await claimed(store);
  await store.cancel(cancelled.job.id);
  await store.addPing((await store.webhooks())[0]?.id ?? '');
}

async function begun(
  store: Store,
  at: number,
  changes: Parameters<typeof added>[1] = {},
): Promise<{ id: string; lease: Lease }> {
  const owner = [null, 'alice', 'bob'][at % 3] ?? null;
  const { id } = await added(store, {
    title: `Talk ${at}`,
    tags: ['speech', `number ${at % 2}`],
    callerId: owner,
    priority: 100,
    metadata: { at, nested: { list: [1, 2.5, null, 'ü'] } },
    idempotencyKey: `key ${at}`,
    ...changes,
  });
  return { id, lease: (await claimed(store)).lease };
}

async function spoken(store: Store, at: number, texts: readonly string[]): Promise<string> {
  const { id, lease } = await begun(store, at);
  await store.saveMedia(lease, { ...media, durationSeconds: 0.1 + texts.length });
  await store.savePeaks(lease, [0, 0.1, 1 / 3, 1]);
  await store.saveLanguage(lease, { code: languages[at] ?? 'en', probability: 0.1 * at + 0.3 });
  await store.appendBatch(lease, newBatch(texts));
  await store.finish(lease, {
    kind: 'COMPLETED',
    processedSeconds: texts.length,
    ...quietly,
    peakMemoryBytes: 2 ** 40,
    provenance: { engine: '1.0' },
  });
  return id;
}

/** Of two speakers, one of whom says fish; then one says what both have said. */
async function conversation(store: Store): Promise<string> {
  const { id, lease } = await begun(store, 6, { options: { ...newJob().options, diarize: true }, title: null });
  const segments = ['one fish two fish', 'red fish blue', '青い魚'].map((text, at) => wordy(text, at * 10));
  await store.appendBatch(lease, { ...newBatch([]), segments, voices: [{ clip: 0, pieces: 'AAAA' }] });
  const tell = cutBy(store, id, (word) => ({ fish: '2', red: '3' })[word] ?? '1');
  assert.ok(await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 30, voices: 1, ...quietly }, tell));
  await store.mergeSpeakers(id, { keys: ['3'], into: '2' }, null);
  return id;
}

async function failed(store: Store): Promise<void> {
  const { lease } = await begun(store, 7, { title: 'Failed', callbackUrl: null });
  await store.finish(lease, { kind: 'FAILED', failure, ...quietly, exitCode: 1 });
}

/** Failed after an interruption, began anew and was cancelled. */
async function cleared(store: Store): Promise<void> {
  const { id, lease } = await begun(store, 8, { title: 'Began anew' });
  await store.appendBatch(lease, newBatch(['first text']));
  await store.finish(lease, { kind: 'INTERRUPTED', crash: 'ENGINE_CRASHED', ...quietly, signal: 'SIGKILL' });
  const again = await claimed(store);
  await store.clearTranscript(again.lease);
  await store.appendBatch(again.lease, newBatch(['second text', 'more of it']));
  await store.finish(again.lease, { kind: 'FAILED', failure, ...quietly });
  await store.retry(id, false);
  await store.cancel(id);
}

async function writeLines(store: Store, ids: readonly string[]): Promise<void> {
  const levels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
  await store.addLogs(
    Array.from({ length: 40 }, (_, at) => ({
      time: new Date(Date.now() - 3_600_000 + at),
      level: levels[at % 4] ?? 'INFO',
      event: 'tested',
      message: `Line ${at}, größer`,
      jobId: ids[at % 8] ?? null,
      fields: at % 3 === 0 ? null : { at },
    })),
  );
  // Their numbers are not given again.
  await store.trimLogs({ from: new Date(Date.now() - 3_600_000 + 5), maxBytes: 1_000_000 });
}

/** Every message arrives, but for one that is given up. */
async function deliverAll(store: Store, webhookId: string): Promise<void> {
  await store.addPing(webhookId);
  for (let at = 0; ; at += 1) {
    const [message] = await store.dueMessages([], { perLane: 1, most: 1 });
    if (message === undefined) return;
    const isLost = at === 1;
    await store.noteAttempt(
      message.id,
      isLost ? { kind: 'FAILED', status: 500, problem: 'No.', retryMs: null } : { kind: 'DELIVERED', status: 204 },
    );
  }
}
