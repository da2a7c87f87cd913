import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openProcessHarness } from './process.ts';
import { shellBlocks, typeIntoShell } from './shell.ts';

const root = join(import.meta.dirname, '../..');

/** How many matches of a pattern a text has. */
const count = (text: string | undefined, pattern: RegExp) => text?.match(pattern)?.length ?? 0;

test('the first steps of the README, typed as they stand, do what it says with real speech', async () => {
  const page = readFileSync(join(root, 'README.md'), 'utf8');
  const [, steps = ''] = /^## First steps$(.*?)^## /msu.exec(page) ?? [];
  await using harness = await openProcessHarness(null);
  await symlink(join(root, 'samples'), join(harness.directory, 'samples'));
  // The harness starts the server where the README says npm start.
  const blocks = shellBlocks(steps).map((block) => block.replaceAll(/^npm start.*$/gmu, ''));
  const url = await harness.start({ PHONOGRAPH_STANDBY: '0' }).url;
  const said = await typeIntoShell(blocks, { url, cwd: harness.directory, endlessSeconds: 110 });
  for (const text of said) assert.doesNotMatch(text, /"(?:errors|hint)":/u);
  const [, , live, transcript, search, found, sent, again] = said;
  assert.ok(count(live, /^"text":/gmu) > 20, live);
  assert.match(live ?? '', /"status":"COMPLETED"/u);
  assert.match(live ?? '', /"My fellow Americans,"[\s\S]*not one of them is missing/iu);
  assert.match(transcript ?? '', /-->.*Columbia/su);
  assert.ok(count(search, /<mark>/gu) > 0, search);
  assert.match(found ?? '', /"totalCount":1,.*"title":"Columbia","status":"COMPLETED"/su);
  assert.match(again ?? '', /CANCELLED.*RetrySuccess/su);
  assert.match(sent ?? '', /"id":"job_/u);
});
