/**
 * `node download.mjs ADDRESS FILE`: fetches one file over HTTP and prints now and then how much is there. Exit code 1 and one line when that fails.
 */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** No byte for so long: the other side is gone. */
const silenceMs = 60_000;
const tellEveryMs = 500;

const [address = '', file = ''] = process.argv.slice(2);
const controller = new AbortController();
const watchdog = setTimeout(
  () => controller.abort(new Error(`ETIMEDOUT: no byte for ${silenceMs / 1000} s`)),
  silenceMs,
);

try {
  const response = await fetch(address, { signal: controller.signal });
  if (!response.ok || response.body === null) throw new Error(`${address}: E${response.status} ${response.statusText}`);
  await pipeline(response.body, counted, createWriteStream(file), { signal: controller.signal });
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}${cause}\n`);
  process.exitCode = 1;
} finally {
  clearTimeout(watchdog);
}

/** @param {AsyncIterable<Uint8Array>} chunks */
async function* counted(chunks) {
  let bytes = 0;
  let told = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    watchdog.refresh();
    if (Date.now() - told > tellEveryMs) {
      told = Date.now();
      process.stdout.write(`${(bytes / 1e6).toFixed(1)} MB\n`);
    }
    yield chunk;
  }
}
