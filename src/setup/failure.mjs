/** A reason to stop that the user can understand and act on. */
export class SetupError extends Error {
  /**
   * @param {string} message one sentence: what went wrong
   * @param {{
   *   readonly details?: readonly string[],
   *   readonly advice?: readonly string[],
   *   readonly cause?: unknown,
   *   readonly isWrongHash?: boolean,
   * }} [more] what was tried and seen; what to do; whether what was downloaded is not what was named: then another source is no cure
   */
  constructor(message, { details = [], advice = [], cause, isWrongHash = false } = {}) {
    super(message, { cause });
    this.name = 'SetupError';
    this.details = details;
    this.advice = advice;
    this.isWrongHash = isWrongHash;
    /** Title of the step; set where the step is known. */
    this.step = '';
  }
}

/** What was downloaded is not what is named here. */
export const altered = {
  sign: /EINTEGRITY|Hash mismatch|DO NOT MATCH THE HASHES|sha(1|256|512)-\S+ integrity checksum failed/iu,
  message: 'What was downloaded is not what is named here: it has a wrong hash. It was thrown away.',
  advice:
    'Try again. If it stays so, something between you and the registry changes packages: a proxy, or the mirror that you use.',
};

/** What the output of npm, pip or uv, or an error of the file system, tells about the cause; the first that fits. */
const causes = [
  altered,
  {
    sign: /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/u,
    message: 'The disk is full.',
    advice: 'Make room (the set-up takes about 1.5 GB; uv and npm keep caches in your home), then try again.',
  },
  {
    sign: /CERTIFICATE_VERIFY_FAILED|invalid peer certificate|SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|CERT_HAS_EXPIRED/u,
    message: "The registry's certificate is not trusted here.",
    advice:
      'Behind a proxy with a certificate of its own, name it: NODE_EXTRA_CA_CERTS=FILE for npm, PIP_CERT=FILE for Python packages.',
  },
  {
    sign: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|Cannot connect to proxy|Connection (refused|aborted|to \S+ timed out)|error sending request|URLError/u,
    message: 'The server to download from cannot be reached.',
    advice:
      'Check the network. Behind a proxy set HTTPS_PROXY; for another registry, npm_config_registry and PIP_INDEX_URL. Once everything is in place, no network is needed.',
  },
  {
    sign: /\bE40[137]\b|HTTP error 40[137]|HTTP Error 40[137]|40[137] (Client Error|Unauthorized|Forbidden)|Tunnel connection failed: 407/u,
    message: 'The package registry refused access.',
    advice: 'Check the registry, the proxy and their credentials in your npm and pip configuration.',
  },
  {
    sign: /EACCES|EPERM|EROFS|Permission denied|Read-only file system/u,
    message: 'Writing is not permitted.',
    advice: 'Set up as the owner of the project folder, on a writable file system; later starts need no writing there.',
  },
  {
    sign: /\bETARGET\b|\bE404\b|No matching distribution found|No solution found|HTTP Error 404/u,
    message: 'The registry has no package of this version that fits this machine.',
    advice:
      'Ready-made packages exist for 64-bit Linux (glibc) and macOS with Python 3.11 to 3.13. With a mirror, ask for the package to be added.',
  },
];

/** A program that could not be started, or ended with a failure. */
export class ToolFailure extends SetupError {
  /** @param {string} commandLine @param {{ readonly output: readonly string[], readonly exit: string }} end the newest lines; how it ended */
  constructor(commandLine, { output, exit }) {
    const cause = causes.find(({ sign }) => sign.test(output.join('\n')));
    const said = output.filter((line) => line.trim() !== '' && !/^npm (notice|http \w+ GET \d)/u.test(line));
    const shown = new Set([...said.filter((line) => cause?.sign.test(line)).slice(0, 1), ...said.slice(-3)]);
    super(cause?.message ?? `A program failed (${exit}).`, {
      details: [`Tried: ${commandLine}`, ...Array.from(shown, (line) => `| ${line.slice(0, 200)}`)],
      advice: [cause?.advice ?? 'The lines above are what the program said.'],
      isWrongHash: cause === altered,
    });
  }
}

/** @param {unknown} error @returns {string} a few lines for the terminal, never a stack */
export function explain(error) {
  const { step, message, details, advice } = error instanceof SetupError ? error : fromSystem(error);
  const lines = [step === '' ? 'Set-up stopped.' : `Set-up stopped at: ${step}`, `  ${message}`];
  for (const line of details) lines.push(`  ${line}`);
  for (const line of advice) lines.push(`  -> ${line}`);
  return `${lines.join('\n')}\n`;
}

/** @param {unknown} error */
function fromSystem(error) {
  const message = error instanceof Error ? error.message : String(error);
  const cause = causes.find(({ sign }) => sign.test(codeOf(error)));
  return new SetupError(cause?.message ?? message, {
    details: error instanceof Error && 'path' in error ? [`Path: ${String(error.path)}`] : [],
    advice: [cause?.advice ?? 'This should not happen. Please report it, with the lines above.'],
    cause: error,
  });
}

/** @param {unknown} error @returns {string} such as ENOENT; empty for an error without a code */
export function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
