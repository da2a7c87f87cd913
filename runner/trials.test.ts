import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReady, openTestServer, readyTells, type TestServer } from '#src/testing/server.ts';

const setPower = (server: TestServer, computePower: string) =>
  server.ask(`mutation { setConfig(input: { computePower: ${computePower} }) { __typename } }`);

test('the engine is tried on the device that its jobs will use, and again when that changes', async () => {
  process.env['PATH'] = '/nowhere'; // No nvidia-smi: a machine without a graphics card.
  await using server = await openTestServer();
  await readyTells(server, isReady);
  await setPower(server, 'GPU_ONLY');
  const { problems } = await readyTells(server, ({ status }) => status === 'DEGRADED');
  assert.match(problems.join(), /GPU_ONLY.*no GPU.*nvidia-smi/u);
  await setPower(server, 'CPU_ONLY');
  await readyTells(server, isReady);
});
