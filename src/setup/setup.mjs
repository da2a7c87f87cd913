/**
 * Every command of package.json comes through here: sets up what is missing, then runs a program. Plain JavaScript without dependencies: it runs before
 * anything is installed.
 */
const oldest = 18;

// What is said may have nobody to read it any more, as when a terminal is closed: what is under way ends in order all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** @param {string} message */
function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

if (process.platform === 'win32')
  refuse('Phonograph runs on Linux and macOS. On Windows, use the Windows Subsystem for Linux (WSL 2).');
else if (Number(process.versions.node.split('.')[0]) < oldest)
  refuse(
    `Phonograph's set-up needs Node ${oldest} or newer; this is Node ${process.versions.node}. Get one from https://nodejs.org.`,
  );
else {
  // Loaded here and not at the top: an older Node could not even read these files, and would show a syntax error.
  import('./commands.mjs')
    .then(({ main }) => main(process.argv.slice(2)))
    .then((code) => process.exit(code))
    .catch((error) => refuse(String(error.stack)));
}
