// Asks two servers the same 200 questions and more, and tells where their answers are not alike: npm run compare -- http://127.0.0.1:4000 http://127.0.0.1:4001
// PHONOGRAPH_API_KEY is shown to both. Nothing may change meanwhile: pause them (`npx phonograph config paused=true`). Exit code 1 where anything differs.
import { compareServers } from '#src/testing/compare-servers.ts';

const [first, second, ...more] = process.argv.slice(2);
if (first === undefined || second === undefined || more.length > 0)
  throw new Error('Give the addresses of two servers.');

const key = process.env['PHONOGRAPH_API_KEY'];
const headers: Readonly<Record<string, string>> = key === undefined ? {} : { authorization: `Bearer ${key}` };
const serverAt = (url: string) => ({ url: url.replace(/\/+$/u, ''), headers });
const { asked, differences } = await compareServers([serverAt(first), serverAt(second)]);
for (const { name, answers } of differences) {
  const [one = '', other = ''] = answers;
  const at = Math.max(0, firstDifference(one, other) - 40);
  process.stdout.write(`${name}:\n  ${one.slice(at, at + 200)}\n  ${other.slice(at, at + 200)}\n`);
}
process.stdout.write(`${asked} questions, ${differences.length} answered differently.\n`);
process.exitCode = differences.length === 0 ? 0 : 1;

function firstDifference(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}
