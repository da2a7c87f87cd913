/** Connections that are refused or break, a server that stops, starts or is a standby, and one that has no connection left: each of them passes. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const awayCodes =
  /^(?:ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT|08\w{3}|57P0[1-5]|53300|25006|25P03)$/u;
/** The driver's own, which have no code. */
const awayMessages = /Connection terminated|timeout|connection error|not queryable|ended unexpectedly/iu;

/** Whether the database is not to be reached, or has been lost meanwhile: the same may succeed a moment later. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return code === '' ? awayMessages.test(error.message) : awayCodes.test(code);
}

/** Whether the database has taken a transaction back for the sake of another, or because it could not be known to be alone. */
export function isConflict(error: unknown): boolean {
  return error instanceof Error && /^(?:40001|40P01|55P03)$/u.test(codeOf(error));
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
