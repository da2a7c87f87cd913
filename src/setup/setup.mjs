/**
 * `node src/setup/setup.mjs <command>`: brings everything that the command needs, then runs it. `npm run demo`, `npm start`, `npm test`, `npm run check`
 * and `npm run setup` all come through here. Plain JavaScript without dependencies: it runs before anything is installed.
 */
const oldest = 18;
const major = Number(process.versions.node.split('.')[0]);

if (process.platform === 'win32')
  refuse('Phonograph runs on Linux and macOS. On Windows, use the Windows Subsystem for Linux (WSL 2).');
else if (major < oldest)
  refuse(
    `Phonograph's set-up needs Node ${oldest} or newer; this is Node ${process.versions.node}. Get one from https://nodejs.org.`,
  );
else {
  // Loaded here and not at the top: an older Node could not even read these files, and would show a syntax error.
  import('./commands.mjs')
    .then(({ main }) => main(process.argv.slice(2)))
    .then((code) => process.exit(code))
    .catch((error) => {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    });
}

/** @param {string} message */
function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
