import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { manual } from '#clients/cli/manual.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { main, phonograph } from './run.ts';

test('docs/command-line.md is what --help prints', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/command-line.md'), 'utf8');
  assert.equal(page, manual(), 'print it anew with: npm run manual');
});

test('a command that is not understood ends with 64, and says what would be', async () => {
  const unknown = await phonograph(['transcripe', 'talk.mp3']);
  assert.deepEqual([unknown.exitCode, unknown.stdout], [64, '']);
  assert.match(unknown.stderr, /unknown command 'transcripe'\n\(Did you mean transcribe\?\)\nphonograph --help tells/u);
  const wrong = await phonograph(['transcribe', 'talk.mp3', '--format', 'doc']);
  assert.equal(wrong.exitCode, 64);
  assert.match(wrong.stderr, /There is no format doc; there are txt, /u);
  assert.match((await phonograph(['--version'])).stdout, /^\d+\.\d+\.\d+$/u);
});

test('bash completes commands, options and their values', async () => {
  await using temporary = await openTemporary();
  const { stdout: script } = await phonograph(['completion', 'bash']);
  writeFileSync(join(temporary.directory, 'phonograph'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, {
    mode: 0o755,
  });
  // What bash-completion has for every script, as far as ours asks for it.
  const complete = (line: readonly string[]) => `
    _get_comp_words_by_ref() { cur="\${COMP_WORDS[COMP_CWORD]}"; prev="\${COMP_WORDS[COMP_CWORD-1]}"; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
    __ltrim_colon_completions() { :; }
    compopt() { :; }
    ${script}
    COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; COMP_LINE='${line.join(' ')}'; COMP_POINT=\${#COMP_LINE}
    __phonograph_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { PATH: `${temporary.directory}:${process.env['PATH']}` };
  const words = async (...line: readonly string[]) =>
    (await execa('bash', ['-c', complete(line)], { env })).stdout.split('\n').map((word) => word.trim());
  assert.deepEqual(await words('phonograph', 'wat'), ['watch']);
  assert.ok((await words('phonograph', 'transcribe', '--over')).includes('--overwrite'));
  assert.ok((await words('phonograph', 'transcribe', '--mode', '')).includes('turbo'));
});
