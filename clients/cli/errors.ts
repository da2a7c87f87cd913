/** What a program that calls this one is told; the numbers beyond 1 are those of sysexits.h, as the server's are. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 64,
  unavailable: 69,
  forbidden: 77,
  configuration: 78,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What each exit code means, for the manual. */
export const exitMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'everything was done',
  1: 'a recording, or what was asked for, failed; the others were done',
  64: 'the command was not understood',
  69: 'no server answers, and none could be started',
  77: 'the server wants another API key for this',
  78: 'the settings of the server are wrong',
  130: 'interrupted by Ctrl-C or a signal',
};

/** Why the program ends, in a sentence for a person. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  readonly hint: string | null;

  constructor(message: string, exitCode: ExitCode = exitCodes.failed, hint: string | null = null) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
