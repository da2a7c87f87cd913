// Attacks a server of its own in every way of src/testing/attack, a line for each, then has ten hostile clients at work at once and tells what /health
// takes and how much memory the server has meanwhile: npm run attack, or npm run attack -- TEXT for the ways whose name has it
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Arena, openArena } from '#src/testing/attack/arena.ts';
import { attacks } from '#src/testing/attack/attacks.ts';
import { openRaw, operate, rawRequest, type Target } from '#src/testing/attack/target.ts';
import { percentile } from '#src/testing/timing.ts';

const effort = 5;
const siegeMs = 20_000;
/** What is promised while the siege lasts, and of the memory after it. */
const limits = { healthP99Ms: 250, residentBytes: 700e6, afterwards: 1.3 };

/** What each of the hostile clients does, over and over. */
const hostilities: readonly ((target: Target) => Promise<unknown>)[] = [
  (target) => operate(target, '{ jobs(first: 20) { edges { node { transcript } } } }'),
  (target) => operate(target, '{ jobs(first: 20) { edges { node { transcript(format: JSON) } } } }'),
  (target) =>
    operate(target, '{ jobs(first: 9) { edges { node { segments(first: 1000) { edges { node { text } } } } } } }'),
  (target) =>
    operate(target, '{ jobs(first: 100) { edges { node { segments(first: 1000) { edges { node { text } } } } } } }'),
  (target) => leaveAtOnce(target, '{ jobs(first: 20) { edges { node { transcript(format: SRT) } } } }'),
  (target) => operate(target, '{ search(query: "segment") { edges { node { highlight } } } }'),
  (target) => readNothing(target, { Accept: 'text/html' }),
  (target) => readNothing(target, { Accept: 'text/html', 'Accept-Encoding': 'br' }),
  (target) =>
    operate(target, 'query ($t: String) { jobs(filter: { titleContains: $t }) { totalCount } }', {
      t: 'x'.repeat(900_000),
    }),
  (target) =>
    fetch(`${target.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: Buffer.alloc(1_000_000),
    }),
];

async function leaveAtOnce(target: Target, query: string): Promise<void> {
  const socket = await openRaw(target);
  const headers = { 'Content-Type': 'application/json' };
  socket.write(rawRequest(target, { headers, body: JSON.stringify({ query }) }));
  await sleep(20);
  socket.destroy();
}

async function readNothing(target: Target, headers: Record<string, string>): Promise<void> {
  const socket = await openRaw(target);
  socket.write(rawRequest(target, { method: 'GET', headers }));
  socket.pause();
  await sleep(500);
  socket.destroy();
}

async function healthMs(target: Target): Promise<number> {
  const began = performance.now();
  await new Promise<void>((resolve, reject) => {
    get(`${target.url}/health`, (response) => response.resume().once('end', resolve)).once('error', reject);
  });
  return performance.now() - began;
}

async function besiege(besieged: Arena) {
  const { target } = besieged;
  const before = await besieged.residentBytes();
  const until = performance.now() + siegeMs;
  const goesOn = () => performance.now() < until;
  const times: number[] = [];
  let most = 0;
  const hostile = hostilities.map(async (act) => {
    while (goesOn()) await act(target);
  });
  while (goesOn()) {
    times.push(await healthMs(target));
    most = Math.max(most, await besieged.residentBytes());
    await sleep(20);
  }
  await Promise.all(hostile);
  let after = most;
  for (let seconds = 0; seconds < 30 && after > before * limits.afterwards; seconds += 1) {
    await sleep(1000);
    after = await besieged.residentBytes();
  }
  return { p99: percentile(times, 0.99), longest: Math.max(...times), before, most, after };
}

const failed: string[] = [];
await using arena = await openArena({ effort });
for (const { name, attack, twin } of attacks.filter((each) => each.name.includes(process.argv[2] ?? ''))) {
  const began = performance.now();
  try {
    await attack(arena.target);
    await twin(arena.target);
    await arena.isAlive();
    process.stdout.write(`ok      ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)\n`);
  } catch (error) {
    failed.push(name);
    process.stdout.write(`FAILED  ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
const { p99, longest, before, most, after } = await besiege(arena);
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
process.stdout.write(
  `ten hostile clients for ${siegeMs / 1000} s: /health p99 ${p99.toFixed(0)} ms, longest ${longest.toFixed(0)} ms\n`,
);
process.stdout.write(
  `memory: ${megabytes(before)} before, ${megabytes(most)} at most, ${megabytes(after)} afterwards\n`,
);
if (p99 > limits.healthP99Ms) failed.push(`/health p99 above ${limits.healthP99Ms} ms`);
if (most > limits.residentBytes) failed.push(`memory above ${megabytes(limits.residentBytes)}`);
if (after > before * limits.afterwards) failed.push(`memory stays above ${limits.afterwards} times that before`);
process.stdout.write(failed.length === 0 ? 'The server stood it all.\n' : `Failed: ${failed.join('; ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
