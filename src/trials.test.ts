import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { openTestServer, type TestServer } from './testing/server.ts';

/** What /ready tells, once its status is this one. */
async function untilReadyIs(status: string, { url }: TestServer): Promise<{ readonly problems: readonly string[] }> {
  for (;;) {
    const told: any = await (await fetch(`${url}/ready`)).json();
    if (told.status === status) return told;
    await sleep(20);
  }
}

const setPower = (server: TestServer, computePower: string) =>
  server.ask(`mutation { setConfig(input: { computePower: ${computePower} }) { __typename } }`);

test('the engine is tried on the device that its jobs will use, and again when that changes', async () => {
  process.env['PATH'] = '/nowhere'; // No nvidia-smi: a machine without a graphics card.
  await using server = await openTestServer();
  await untilReadyIs('READY', server);
  await setPower(server, 'GPU_ONLY');
  const { problems } = await untilReadyIs('DEGRADED', server);
  assert.match(problems.join(), /GPU_ONLY.*no GPU.*nvidia-smi/u);
  await setPower(server, 'CPU_ONLY');
  await untilReadyIs('READY', server);
});
