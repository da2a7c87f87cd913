/**
 * `--import test-file-limit.mjs?ms=LIMIT`: loaded before each test file: ends one that runs for too long, and tells what it has left open. Node's own limit is one for each test; a file that
 * leaves a handle behind would go on for ever.
 */
const limitMs = Number(new URL(import.meta.url).searchParams.get('ms'));

if (/\.test\.(ts|mjs)$/u.test(process.argv[1] ?? '')) {
  const limit = setTimeout(() => {
    process.stderr.write(
      `${process.argv[1]}: ended after ${limitMs / 1000} s. Still open: ${process.getActiveResourcesInfo().join(', ')}\n`,
    );
    process.exit(1);
  }, limitMs);
  limit.unref();
}
