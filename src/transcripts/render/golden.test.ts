import { join } from 'node:path';
import { test } from 'node:test';
import { goldenFolder, rendered, transcript, trickySegments } from '#src/testing/transcripts.ts';
import { transcriptFormats } from '../../jobs/transcript.ts';

// A file that should differ is written anew by: npm test -- --test-update-snapshots src/transcripts/render/golden.test.ts
const asItIs = { serializers: [(text: string) => text] };

for (const format of transcriptFormats) {
  const suffix = format.toLowerCase();
  test(`${format} of tricky segments is as it should be, to the letter`, async (t) => {
    const text = await rendered(format, transcript(trickySegments));
    t.assert.fileSnapshot(text, join(goldenFolder, `plain.${suffix}`), asItIs);
  });
  test(`${format} of tricky segments with speakers and short lines is as it should be, to the letter`, async (t) => {
    const limits = { speakers: true, maxLineWidth: 32, maxLineCount: 2 };
    const text = await rendered(format, transcript(trickySegments, limits));
    t.assert.fileSnapshot(text, join(goldenFolder, `short.${suffix}`), asItIs);
  });
}
