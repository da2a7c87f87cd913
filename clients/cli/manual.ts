import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { makeProgram } from './program.ts';

/** Wide enough for a table, narrow enough for a page. */
const columns = 100;

const introduction = `# The command line

\`npx phonograph\` in the folder of a clone; the first call sets up what is missing, as every other command does. \`npm link\` there puts \`phonograph\` on the path, from any folder; a script of
\`phonograph completion\` then completes it.

\`\`\`sh
npx phonograph transcribe ~/videos                          # subtitles beside each film that lies there
npx phonograph transcribe talk.mp4 --format vtt,txt         # talk.vtt, talk.txt
npx phonograph watch ~/inbox --output ~/transcripts         # what comes from now on, too
\`\`\`

On a terminal a bar shows how far each recording is, and the words come as they are heard; Ctrl-C asks what is to become of the jobs. In a pipe there is no bar: stdout has what was asked for, stderr a line for each
recording that ended. With \`--json\` stdout has one object a line: for \`transcribe\` and \`watch\` \`{"recording": ..., "type": ...}\` with the types \`sending\`, \`accepted\`, \`event\` (of the job, as
[jobEvents](front-end.md) has them), \`written\`, \`skipped\`, \`cancelled\` and \`failed\`; for lists one object an entry.

**Which server.** \`--server\`, else \`PHONOGRAPH_URL\`, else the one of this machine at the port of the settings. Where none runs there, one is started with your settings and data, for this machine alone and for recordings of any
size, and it ends with the command, when it has no other jobs either; commands side by side have one together, and who is left starts it again. An API key goes into \`PHONOGRAPH_API_KEY\`. A server that is away in between is waited for.

**Once.** A transcript that is there already stays, unless \`--overwrite\` is given. A call that is repeated within a day, with the same options and a file that nobody has changed, goes on with the job of the first one: after an
interruption, or for another format; one that had failed or was cancelled runs again. \`watch\` keeps no state of its own: a recording whose transcript lies there is done, one that was submitted before a restart is led to its job,
and one that failed is tried again only after a day or when it has changed.

**What is sent.** Files are uploaded, and stay with the server until the job is deleted: \`--remove\` does that when the transcript is written. Of folders the files are taken whose names end like those of recordings; hidden ones are left out.
Two that differ in their endings alone (\`talk.mp3\`, \`talk.wav\`) have transcripts of their whole names (\`talk.mp3.srt\`); of two of one name from different folders, which \`--output\` would bring together, the second fails and says so.

**Assistants.** \`phonograph mcp\` is a server of the [Model Context Protocol](https://modelcontextprotocol.io) with the tools \`transcribe\`, \`job\`, \`transcript\`, \`search\` and \`models\`, and transcripts as resources. It may do what the key
in \`PHONOGRAPH_API_KEY\` may; with one of a READER there is no \`transcribe\`. It sends files of this machine that are called like recordings, and nothing else. A program that starts such servers is told:

\`\`\`json
{ "mcpServers": { "phonograph": { "command": "phonograph", "args": ["mcp"] } } }
\`\`\`

What follows is what \`--help\` prints.
`;

/** The page of docs/ about the command line, of what --help prints. */
export function manual(): string {
  const program = makeProgram('').configureHelp({ showGlobalOptions: true, helpWidth: columns });
  const sections = commandsOf(program).map(
    (command) => `## ${nameOf(command)}\n\n\`\`\`\n${helpOf(command)}\n\`\`\`\n`,
  );
  return [introduction, ...sections].join('\n');
}

function commandsOf(command: Command): readonly Command[] {
  const visible = command.createHelp().visibleCommands(command);
  return [command, ...visible.flatMap(commandsOf)];
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** With what comes after it, which helpInformation leaves out. */
function helpOf(command: Command): string {
  let text = '';
  command.configureHelp({ showGlobalOptions: true, helpWidth: columns });
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text.trim();
}

if (import.meta.main) writeFileSync(new URL('../../docs/command-line.md', import.meta.url), manual());
