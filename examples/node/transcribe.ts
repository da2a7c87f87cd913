// Sends a recording and prints its words as they come: node transcribe.ts FILE [SERVER]
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { openClient } from '@phonograph/client';

const [path = 'speech.wav', url = 'http://127.0.0.1:4000'] = process.argv.slice(2);
const phonograph = openClient({ url, token: process.env['PHONOGRAPH_TOKEN'] });

const file = new File([await openAsBlob(path)], basename(path));
const job = await phonograph.transcribe(file, {
  onProgress: ({ sentBytes, totalBytes }) =>
    process.stderr.write(`\r${Math.floor((100 * sentBytes) / totalBytes)} % sent`),
});
process.stderr.write(`\n${job.id}\n`);

// Each event comes once, whatever happens to the connection or to the server.
for await (const event of phonograph.follow(job)) {
  if (event.__typename === 'JobSegmentsAdded') {
    for (const { index, text } of event.segments) process.stdout.write(`${index}\t${text}\n`);
  }
}
await phonograph.dispose();
