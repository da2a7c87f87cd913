import tab from '@bomb.sh/tab/commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { configure } from './config.ts';
import { exitMeanings } from './errors.ts';
import { cancelJobs, listJobs, retryJobs, showJob } from './jobs.ts';
import { runMain } from './own-server.ts';
import { showLogs } from './logs.ts';
import { downloadModel, listModels, removeModel } from './models.ts';
import { searchTranscripts } from './search.ts';
import { type Format, formats } from './transcribe/formats.ts';
import { runTranscribe } from './transcribe/transcribe.ts';

/** The command line, which main.ts runs and the manual is printed from. */
export function makeProgram(version: string): Command {
  const program = new Command('phonograph')
    .description(
      'Transcribes recordings by a Phonograph server: one that is named, the one of this machine, or else one that is started and ends with the command.',
    )
    .version(version, '--version', 'Print the version.')
    .helpOption('-h, --help', 'Print this text.')
    .helpCommand(false)
    .option('--server <url>', 'Where the server is; else PHONOGRAPH_URL, else this machine.')
    .option('--json', 'Print one JSON object a line, for programs.')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('phonograph --help tells the commands, phonograph COMMAND --help what one takes.')
    .addHelpText('after', closing);
  addTranscribing(program);
  addJobs(program);
  addServer(program);
  tab(program, { completionCommandName: 'completion' });
  return described(program);
}

const exits = Object.entries(exitMeanings)
  .map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`)
  .join('\n');

const closing = `
Environment:
  PHONOGRAPH_URL      where the server is, as --server
  PHONOGRAPH_API_KEY  the key that it asks for
  PHONOGRAPH_...      the settings of a server that is started: docs/settings.md

Exit codes:
${exits}

Examples:
  $ phonograph transcribe talk.mp4                      # writes talk.srt beside it
  $ phonograph transcribe videos --format srt,vtt
  $ phonograph watch inbox --output transcripts
  $ phonograph search "space shuttle"`;

function addTranscribing(program: Command): void {
  const transcribe = program
    .command('transcribe')
    .summary('Transcribe recordings and write subtitles beside them.')
    .description(
      'Transcribes files, what lies in folders, and addresses that the server can fetch from. A transcript that is there already stays; an interrupted call goes on where it was when it is repeated within a day.',
    )
    .argument('<inputs...>', 'Files, folders, http and https addresses.')
    .option('--watch', 'Go on with what comes into the folder, as `watch` does.');
  addTranscribeOptions(transcribe)
    .addHelpText(
      'after',
      examples(
        'transcribe talk.mp4',
        'transcribe videos --format srt,vtt --output subtitles',
        'transcribe meeting.wav --output - | less',
        'transcribe https://example.org/talk.mp3 --language de',
      ),
    )
    .action((inputs: string[], _, command: Command) => runTranscribe(inputs, command.optsWithGlobals()));
  const watch = program
    .command('watch')
    .summary('Transcribe what comes into a folder.')
    .description(
      'Transcribes what lies in a folder and what comes into it, each recording once, when nobody has written to it for 3 seconds. What has a transcript is done, also after a restart.',
    )
    .argument('<folder>', 'The folder.');
  addTranscribeOptions(watch)
    .addHelpText('after', examples('watch inbox', 'watch inbox --recursive --output transcripts --format txt,srt'))
    .action((folder: string, _, command: Command) =>
      runTranscribe([folder], { ...command.optsWithGlobals(), watch: true }),
    );
}

const modes = { 'high-accuracy': 'HIGH_ACCURACY', 'low-latency': 'LOW_LATENCY', turbo: 'TURBO', compact: 'COMPACT' };

function addTranscribeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-f, --format <list>', `Formats, split at commas: ${formats.join(', ')}.`)
        .argParser(readFormats)
        .default(['srt'], 'srt'),
    )
    .option('-o, --output <folder>', 'Where to write; else beside the recording, or for an address here. - is stdout.')
    .option('-l, --language <code>', 'The language spoken, such as de; auto = find out. absent = as the server is set.')
    .addOption(choice('-m, --mode <mode>', 'Which model; absent = as the server is set.', modes))
    .option('--translate', 'Translate into English.')
    .option('--speakers [number]', 'Tell the speakers apart: exactly so many, where that is known.', readCount)
    .option('--prompt <text>', 'Text that sets style and spelling.')
    .option('--tag <tag>', 'Find the jobs by it later; may be repeated.', collect)
    .option('--priority <number>', 'Higher runs sooner, -1000 to 1000.', readNumber)
    .option('-r, --recursive', 'Look into folders of folders.')
    .option('--overwrite', 'Make transcripts anew that are there already.')
    .option('--remove', 'Take the job and its recording off the server when the transcript is written.');
}

function addJobs(program: Command): void {
  const statuses = {
    queued: 'QUEUED',
    working: 'WORKING',
    completed: 'COMPLETED',
    failed: 'FAILED',
    cancelled: 'CANCELLED',
  };
  program
    .command('jobs')
    .description('List jobs, the newest first.')
    .addOption(choice('--status <status>', 'Those in one of these; may be repeated.', statuses, true))
    .option('--tag <tag>', 'Those with this tag.')
    .option('--title <text>', 'Those with this in their title.')
    .option('-n, --limit <number>', 'At most so many.', readCount, 20)
    .addHelpText('after', examples('jobs --status failed', 'jobs --limit 1000 --json | jq -r .id'))
    .action((_, command: Command) => listJobs(command.optsWithGlobals()));
  program
    .command('show')
    .description('Show a job, or its transcript.')
    .argument('<job>', 'Its id.')
    .addOption(choice('-f, --format <format>', 'Print the transcript, as far as there is one.', named(formats)))
    .addHelpText(
      'after',
      examples('show job_V1StGXR8_Z5jdHi6B-myT', 'show job_V1StGXR8_Z5jdHi6B-myT --format vtt > talk.vtt'),
    )
    .action((id: string, _, command: Command) => showJob(id, command.optsWithGlobals()));
  program
    .command('cancel')
    .description('Cancel jobs.')
    .argument('[jobs...]', 'Their ids.')
    .option('--all', 'All that have not ended.')
    .addHelpText('after', examples('cancel job_V1StGXR8_Z5jdHi6B-myT', 'cancel --all'))
    .action((ids: string[], options: { all?: boolean }, command: Command) => {
      if (ids.length === 0 && options.all !== true) command.error('error: give the id of a job, or --all');
      return cancelJobs(ids, command.optsWithGlobals());
    });
  program
    .command('retry')
    .description('Run jobs again that failed or were cancelled.')
    .argument('<jobs...>', 'Their ids.')
    .option('--from-start', 'Not from where they were.')
    .action((ids: string[], _, command: Command) => retryJobs(ids, command.optsWithGlobals()));
  program
    .command('search')
    .description('Search what was said, the best match first.')
    .argument('<query>', 'Words; docs/search.md tells what else.')
    .option('--tag <tag>', 'In jobs with this tag.')
    .option('-n, --limit <number>', 'At most so many, 1 to 100.', readCount, 20)
    .addHelpText('after', examples('search "space shuttle"'))
    .action((query: string, _, command: Command) => searchTranscripts(query, command.optsWithGlobals()));
}

function addServer(program: Command): void {
  const levels = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' };
  program
    .command('logs')
    .description("Show the server's log: of this month, or all of a job.")
    .option('-f, --follow', 'Go on with the lines that come.')
    .option('--job <job>', 'Of this job.')
    .addOption(choice('--level <level>', 'This one and above.', levels))
    .option('--contains <text>', 'With this in the message.')
    .addHelpText('after', examples('logs --follow --level warn', 'logs --job job_V1StGXR8_Z5jdHi6B-myT'))
    .action((_, command: Command) => showLogs(command.optsWithGlobals()));
  program
    .command('config')
    .description(
      'Show the defaults of jobs and whether the queue is paused, or change them: mode, language, numJobs ... null takes a change back.',
    )
    .argument('[changes...]', 'NAME=VALUE.')
    .addHelpText(
      'after',
      examples('config', 'config mode=TURBO numJobs=2', 'config language=null', 'config paused=true'),
    )
    .action((changes: string[], _, command: Command) => configure(changes, command.optsWithGlobals()));
  const models = program
    .command('models')
    .description('List the models.')
    .addHelpText('after', examples('models', 'models download large-v3-turbo'))
    .action((_, command: Command) => listModels(command.optsWithGlobals()));
  models
    .command('download')
    .description('Download a model.')
    .argument('<model>', 'Its id.')
    .action((id: string, _, command: Command) => downloadModel(id, command.optsWithGlobals()));
  models
    .command('remove')
    .description('Remove a model.')
    .argument('<model>', 'Its id.')
    .action((id: string, _, command: Command) => removeModel(id, command.optsWithGlobals()));
  program
    .command('serve')
    .description('Serve until Ctrl-C, as `npm start` does. With --json the log comes to a terminal, too.')
    .action((_, command: Command) => exitWith(runMain(command.optsWithGlobals().json === true ? ['--json'] : [])));
  program
    .command('keys')
    .description('Make an API key, also while the server runs. The token comes first, and is shown only now.')
    .argument('<name>', 'Whose key it is.')
    .addOption(choice('--role <role>', 'What it allows.', named(['admin', 'user', 'reader'])).default('admin'))
    .addHelpText('after', examples('keys alice', 'keys bob --role user'))
    .action((name: string, { role }: { role: string }) => exitWith(runMain(['keys', name, '--role', role])));
  program
    .command('backup')
    .description('Copy the database into a new file, also while the server runs.')
    .argument('<file>', 'Where to.')
    .action((file: string) => exitWith(runMain(['backup', file])));
  program
    .command('migrate')
    .summary('Copy all jobs and their recordings to another database.')
    .description(
      'Copies all that is in one database, and the recordings, to another that is empty, while no server uses either; compares both, and goes on where it was after an interruption. A database is sqlite:PATH or postgresql://...; the one of PHONOGRAPH_DATABASE_URL is the side that is not told.',
    )
    .option('--from <database>', 'Where everything is. It is only read.')
    .option('--to <database>', 'Where it is to be.')
    .addHelpText(
      'after',
      examples('migrate --from sqlite:data/phonograph.db', 'migrate --to sqlite:elsewhere/phonograph.db'),
    )
    .action((options: { from?: string; to?: string }) =>
      exitWith(runMain(['migrate', ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])])),
    );
  program
    .command('mcp')
    .description('Serve assistants by the Model Context Protocol on stdin and stdout, with what the API key allows.')
    .addHelpText('after', examples('mcp --server https://speech.example.org'))
    .action(async (_, command: Command) => {
      // It takes as long to load as all others together.
      const { serveAssistant } = await import('./mcp.ts');
      await serveAssistant(command.optsWithGlobals());
    });
}

/** What each command has in its help, in the words of this one. */
function described(program: Command): Command {
  for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
    command.helpOption('-h, --help', 'Print this text.').exitOverride();
    if (command.commands.length > 0) command.helpCommand(false);
    if (command.name() === 'completion') {
      command.description('Print a script that has a shell complete commands and options.');
      command.addHelpText(
        'after',
        '\nExamples:\n  $ phonograph completion bash > ~/.local/share/bash-completion/completions/phonograph\n  $ phonograph completion zsh > ~/.zfunc/_phonograph',
      );
    }
  }
  return program;
}

async function exitWith(code: Promise<number>): Promise<void> {
  process.exitCode = await code;
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ phonograph ${line}`).join('\n')}`;
}

/** A choice by words in lower case, or as the API writes them, which they are given on as; a list where it may be repeated. */
function choice(flags: string, description: string, names: Readonly<Record<string, string>>, isList = false): Option {
  const option = new Option(flags, description).choices(Object.keys(names));
  const check = option.parseArg;
  return option.argParser((text: string, before: unknown) => {
    const value = text.toLowerCase().replaceAll('_', '-');
    check?.(value, undefined);
    const name = names[value] ?? value;
    return isList ? collect(name, Array.isArray(before) ? before : undefined) : name;
  });
}

const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, name]));

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function readFormats(text: string): readonly Format[] {
  return text.split(',').map((name) => {
    const format = formats.find((each) => each === name.trim().toLowerCase());
    if (format === undefined)
      throw new InvalidArgumentError(`There is no format ${name}; there are ${formats.join(', ')}.`);
    return format;
  });
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return count;
}

function readNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}
