import { codeOf } from './error-code.mjs';

/** A reason to stop that the user can understand and act on. */
export class SetupError extends Error {
  /**
   * @param {string} message one sentence: what went wrong
   * @param {{ readonly details?: readonly string[], readonly advice?: readonly string[], readonly cause?: unknown }} [more]
   */
  constructor(message, { details = [], advice = [], cause } = {}) {
    super(message, { cause });
    this.name = 'SetupError';
    /** What was tried and what was seen. */
    this.details = details;
    /** What to do about it. */
    this.advice = advice;
    /** Title of the step; set where the step is known. */
    this.step = '';
  }
}

/** Failures of the file system by their code. */
const systemFailures = /** @type {Record<string, readonly [string, string]>} */ ({
  ENOSPC: ['The disk is full.', 'Make room (the set-up takes about 1.5 GB), or put the project on another disk.'],
  EDQUOT: [
    'The disk quota is used up.',
    'Make room (the set-up takes about 1.5 GB), or put the project on another disk.',
  ],
  EACCES: [
    'Writing is not permitted.',
    'Run as the owner of the project folder, or give yourself write permission there.',
  ],
  EPERM: [
    'Writing is not permitted.',
    'Run as the owner of the project folder, or give yourself write permission there.',
  ],
  EROFS: ['The file system is read-only.', 'Set up on a writable file system; later starts need no writing there.'],
});

/**
 * @param {unknown} error
 * @returns {string} a few lines for the terminal, never a stack
 */
export function explain(error) {
  const failure = error instanceof SetupError ? error : fromSystem(error);
  const lines = [
    failure.step === '' ? 'Set-up stopped.' : `Set-up stopped at: ${failure.step}`,
    `  ${failure.message}`,
  ];
  for (const line of failure.details) lines.push(`  ${line}`);
  for (const line of failure.advice) lines.push(`  -> ${line}`);
  return `${lines.join('\n')}\n`;
}

/** @param {unknown} error */
function fromSystem(error) {
  const message = error instanceof Error ? error.message : String(error);
  const [what, todo] = systemFailures[codeOf(error)] ?? [
    message,
    'This should not happen. Please report it, with the lines above.',
  ];
  const path = error instanceof Error && 'path' in error ? [`Path: ${String(error.path)}`] : [];
  return new SetupError(what, { details: path, advice: [todo], cause: error });
}
