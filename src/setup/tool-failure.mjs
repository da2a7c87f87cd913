import { SetupError } from './failure.mjs';

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
