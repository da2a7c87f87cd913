import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { placeRecording } from '#src/testing/recordings.ts';
import { openTestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { start } from './run.ts';

const sample = join(import.meta.dirname, '../../../samples/jfk.flac');

/** Watches a folder until what it tells is as asked, then ends by SIGTERM. */
async function watchUntil(folder: string, server: string, isEnough: (line: any) => boolean | Promise<boolean>) {
  const run = start(['watch', folder, '--json'], { server });
  const lines: any[] = [];
  for await (const line of run) {
    lines.push(JSON.parse(line));
    if (await isEnough(lines.at(-1))) run.kill('SIGTERM');
  }
  assert.equal((await run).exitCode, 130);
  return lines;
}

test('a folder that is watched has each recording transcribed once, when it is complete, also after a restart in the middle', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  await using temporary = await openTemporary();
  const [first, second, unfinished] = ['first.flac', 'second.flac', 'unfinished.flac'].map((name) =>
    join(temporary.directory, name),
  ) as [string, string, string];
  await placeRecording(sample, first);
  // It ends while the first one is being heard: the engine waits for ever.
  const before = await watchUntil(
    temporary.directory,
    server.url,
    ({ event }) => event?.__typename === 'JobSegmentsAdded',
  );
  assert.ok(before.every(({ recording }) => recording === first));
  // After its restart the server's engine says the rest.
  await server.again();
  await placeRecording(sample, second);
  await server.ask('mutation { setConfig(input: { numJobs: 2 }) { __typename } }');
  await writeFile(unfinished, await readFile(sample));
  const writtenAt = (await stat(unfinished)).mtimeMs;
  const ended = new Set<string>();
  const after = await watchUntil(temporary.directory, server.url, async ({ type, recording, event }) => {
    if (recording === unfinished && type === 'sending')
      assert.ok(Date.now() - writtenAt >= 3000, 'nobody writes to it any more');
    if (type === 'written') ended.add(recording);
    return ended.has(first) && event?.__typename === 'JobSegmentsAdded' && recording !== first;
  });
  assert.equal(after.find(({ recording, type }) => recording === first && type === 'accepted').existing, true);
  assert.match(await readFile(join(temporary.directory, 'first.srt'), 'utf8'), /three/u);
  const third = await watchUntil(temporary.directory, server.url, ({ type }) => type === 'accepted');
  assert.ok(
    third.every(({ recording }) => recording !== first),
    'what has its transcript is done',
  );
  const { data } = await server.ask('{ jobs { edges { node { media { name } } } } }');
  const names = data.jobs.edges.map(({ node }: any) => node.media.name).toSorted();
  assert.deepEqual(names, [...new Set(names)], 'each was submitted once');
});
