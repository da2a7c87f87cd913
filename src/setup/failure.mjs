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

/** What the output of npm, pip or tar tells about the cause, first match first: pip's "no matching distribution" also ends every network failure. */
const causes = [
  {
    sign: /EINTEGRITY|DO NOT MATCH THE HASHES|sha(1|256|512)-\S+ integrity checksum failed/iu,
    message: 'A downloaded package is not the one that the lock file names (wrong hash). It was thrown away.',
    advice:
      'Try again. If it stays so, something between you and the registry changes packages: a proxy, or the mirror that you use.',
  },
  {
    sign: /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/u,
    message: 'The disk is full.',
    advice: 'Make room (the set-up takes about 1.5 GB; pip and npm keep caches in your home), then try again.',
  },
  {
    sign: /CERTIFICATE_VERIFY_FAILED|SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|CERT_HAS_EXPIRED/u,
    message: "The registry's certificate is not trusted here.",
    advice:
      'Behind a proxy with a certificate of its own, name it: NODE_EXTRA_CA_CERTS=FILE for npm, PIP_CERT=FILE for pip.',
  },
  {
    sign: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|Cannot connect to proxy|Connection (refused|aborted|to \S+ timed out)/u,
    message: 'The server to download from cannot be reached.',
    advice:
      'Check the network. Behind a proxy set HTTPS_PROXY; for another registry, npm_config_registry and PIP_INDEX_URL. Once everything is in place, no network is needed.',
  },
  {
    sign: /\bE401\b|\bE403\b|HTTP error 40[137]|40[137] Client Error|Tunnel connection failed: 407/u,
    message: 'The package registry refused access.',
    advice: 'Check the registry, the proxy and their credentials in your npm and pip configuration.',
  },
  {
    sign: /EACCES|EPERM|EROFS|Permission denied|Read-only file system/u,
    message: 'Writing is not permitted.',
    advice: 'Run as the owner of the project folder, or give yourself write permission there.',
  },
  {
    sign: /\bETARGET\b|\bE404\b|No matching distribution found/u,
    message: 'The registry has no package of this version that fits this machine.',
    advice:
      'Ready-made packages exist for 64-bit Linux (glibc) and macOS with Python 3.11 to 3.13. With a mirror, ask for the package to be added.',
  },
];

/** A program that could not be started, or ended with a failure. */
export class ToolFailure extends SetupError {
  /**
   * @param {string} commandLine as it was run
   * @param {{ readonly output: readonly string[], readonly exit: string }} end the newest lines of output; how the program ended
   */
  constructor(commandLine, { output, exit }) {
    const cause = causes.find(({ sign }) => sign.test(output.join('\n')));
    const said = output.filter((line) => line.trim() !== '' && !/^npm (notice|http \w+ GET \d)/u.test(line));
    const shown = new Set([...said.filter((line) => cause?.sign.test(line)).slice(0, 1), ...said.slice(-3)]);
    super(cause?.message ?? `A program failed (${exit}).`, {
      details: [`Tried: ${commandLine}`, ...Array.from(shown, (line) => `| ${line.slice(0, 200)}`)],
      advice: cause === undefined ? ['The lines above are what the program said.'] : [cause.advice],
    });
  }
}

/**
 * @param {unknown} error
 * @returns {string} such as ENOENT; empty for an error without a code
 */
export function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
