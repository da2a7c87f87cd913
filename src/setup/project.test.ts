import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { openProject } from './project.mjs';

test('checks know nothing of how the server is set up on this machine, but what is set for them', () => {
  const environment = { PHONOGRAPH_DATA_DIRECTORY: '/srv', PHONOGRAPH_TEST_INSTALL: '1', HOME: '/home' };
  const signal = AbortSignal.abort();
  const ofChecks = openProject({ root: tmpdir(), environment, signal, dev: true });
  assert.deepEqual(ofChecks.environment, { PHONOGRAPH_TEST_INSTALL: '1', HOME: '/home' });
  assert.deepEqual(openProject({ root: tmpdir(), environment, signal }).environment, environment);
});
