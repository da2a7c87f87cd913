import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { exitCodes } from './errors.ts';
import { root } from './own-server.ts';
import { makeProgram } from './program.ts';
import { asCommandError } from './session.ts';
import { reasonOf } from './transcribe/recordings.ts';

// Whoever reads has had enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  process.stderr.write(`phonograph: stdout cannot be written: ${reasonOf(error)}.\n`);
  process.exit(exitCodes.failed);
});
// What is said aside may have nobody to read it, as when a terminal is closed.
process.stderr.on('error', () => undefined);

const { version }: { readonly version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
try {
  await makeProgram(version).parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Says on stderr why it ends. Answers the exit code. */
function explain(error: unknown): number {
  // What commander finds wrong with the arguments it has told already, and the help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const { message, hint, exitCode } = asCommandError(error);
  const told = [message, hint].filter((part) => part !== null && part !== '').join(' ');
  if (told !== '') process.stderr.write(`phonograph: ${told}\n`);
  return exitCode;
}
