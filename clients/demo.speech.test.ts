import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

/** Runs the demo with a folder for temporary files of its own, to see what it leaves there. */
function startDemo(environment: NodeJS.ProcessEnv = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'phonograph-demo-test-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'demo.ts')], {
    env: { ...process.env, TMPDIR: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const run = { output: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      run.output += text;
      child.emit('said');
    });
  }
  return {
    child,
    run,
    async says(text: string): Promise<void> {
      while (!run.output.includes(text)) await once(child, 'said');
    },
    async end(): Promise<unknown> {
      const [code] = await once(child, 'close');
      return code;
    },
    leftovers: () => readdirSync(folder).filter((name) => name.startsWith('phonograph-')),
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test('the demo shows segments live, then the transcript, and leaves nothing behind', async () => {
  using demo = startDemo();
  assert.equal(await demo.end(), 0, demo.run.output);
  const [live = '', transcript = ''] = demo.run.output.split('Transcript\n');
  assert.match(live, /\[0:\d\d - 0:\d\d\] {2}And so,? my fellow Americans/u);
  assert.match(transcript.replaceAll(/\s+/gu, ' '), /ask not what your country can do for you/iu);
  assert.match(transcript, /GraphiQL {2}http:\/\/127\.0\.0\.1:\d+\/graphql/u);
  assert.deepEqual(demo.leftovers(), []);
});

test('interrupted in the middle of its work, the demo takes the server with it', async () => {
  using demo = startDemo();
  await demo.says('Language: en');
  demo.child.kill('SIGINT');
  assert.equal(await demo.end(), 130);
  assert.deepEqual(demo.leftovers(), []);
});

test('where nobody reads any more, the demo ends and takes the server with it', async () => {
  using demo = startDemo();
  await demo.says('Starting a server.');
  demo.child.stdout.destroy();
  assert.equal(await demo.end(), 130, demo.run.output);
  assert.doesNotMatch(demo.run.output, /\n +at /u, 'no stack');
  assert.deepEqual(demo.leftovers(), []);
});

test('a server that does not come up is a failure, shown with its last lines', async () => {
  using demo = startDemo({ PHONOGRAPH_CONFIG: '/nonexistent/config.json' });
  assert.equal(await demo.end(), 1);
  assert.match(
    demo.run.output,
    /The demo failed: the server ended \(exit code 78\)[\s\S]*\/nonexistent\/config\.json/u,
  );
  assert.deepEqual(demo.leftovers(), []);
});
