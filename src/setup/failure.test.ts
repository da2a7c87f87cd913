import assert from 'node:assert/strict';
import test from 'node:test';
import { makeTestProject } from '../testing/setup/test-project.mjs';
import { explain, SetupError, ToolFailure } from './failure.mjs';
import { runTool } from './tool.mjs';

const outputs: Readonly<Record<string, RegExp>> = {
  'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE': /wrong hash/u,
  "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device: '/x'": /disk is full/u,
  'error: Failed to download `av==18.1.0`\n  cause: Hash mismatch for `av==18.1.0`': /wrong hash/u,
  'cause: failed to write to file `/x`: No space left on device (os error 28)': /disk is full/u,
  'cause: error sending request for url (https://pypi.org/simple/av/)\n  cause: dns error': /cannot be reached/u,
  'cause: client error (Connect)\n  cause: invalid peer certificate: UnknownIssuer': /certificate/u,
  'cause: HTTP status client error (401 Unauthorized) for url (https://x/simple/av/)': /refused access/u,
  'urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>': /cannot be reached/u,
  'urllib.error.HTTPError: HTTP Error 404: Not Found': /fits this machine/u,
  'npm error nospc ENOSPC: no space left on device, write': /disk is full/u,
  'npm error request to https://registry.npmjs.org/ws failed, reason: getaddrinfo EAI_AGAIN registry.npmjs.org':
    /cannot be reached/u,
  "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError': /simple/av/\nERROR: No matching distribution found for av":
    /cannot be reached/u,
  'npm error code E401': /refused access/u,
  'npm error code SELF_SIGNED_CERT_IN_CHAIN': /certificate/u,
  'ERROR: No matching distribution found for ctranslate2==4.8.5': /fits this machine/u,
  'Segmentation fault': /failed \(exit code 139\)/u,
};

for (const [output, message] of Object.entries(outputs)) {
  test(`the cause is told from: ${output.slice(0, 60)}`, () => {
    assert.match(new ToolFailure('tool', { output: output.split('\n'), exit: 'exit code 139' }).message, message);
  });
}

test('a failure is told in a few lines, with the step, what was tried and what to do', () => {
  const failure = new SetupError('It is too big.', { details: ['Tried: this'], advice: ['Do that.'] });
  failure.step = 'Big thing';
  assert.equal(explain(failure), 'Set-up stopped at: Big thing\n  It is too big.\n  Tried: this\n  -> Do that.\n');
});

test('failures of the file system are told in words', () => {
  assert.match(
    explain(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', path: '/x' })),
    /Writing is not permitted\.\n {2}Path: \/x\n {2}-> /u,
  );
  assert.match(explain(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })), /disk is full/u);
});

test('a program that is not there is a failure with its name', async () => {
  using fixture = makeTestProject();
  await assert.rejects(runTool(['no-such-program'], { ...fixture.project, cwd: fixture.root }), /ENOENT/u);
});

test('an interruption ends a tool and what it has started', async () => {
  using fixture = makeTestProject({ PATH: process.env['PATH'] });
  const started = Promise.withResolvers<string>();
  // The grandchild holds the pipe open: the call comes back only when it is gone too.
  const command = ['sh', '-c', 'sleep 600 & echo started; wait'];
  const running = runTool(command, { ...fixture.project, cwd: fixture.root, onLine: started.resolve });
  await started.promise;
  fixture.abort();
  await assert.rejects(running, /aborted/u);
});
