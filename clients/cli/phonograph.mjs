#!/usr/bin/env node
// The command `phonograph`: sets up what is missing, as every command of package.json does, then runs main.ts where it was called.
process.argv.splice(2, 0, '--here', 'clients/cli/main.ts');
import('../../src/setup/setup.mjs').catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
