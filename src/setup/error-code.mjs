/**
 * @param {unknown} error
 * @returns {string} such as ENOENT; empty for an error without a code
 */
export function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
