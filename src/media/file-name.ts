/** The last part of a file name, without control characters, at most 255 characters. */
export function cleanName(name: string): string {
  const last = name.split(/[/\\]/u).at(-1) ?? '';
  return shortened(last.replaceAll(/\p{Cc}/gu, ''), 255) || 'upload';
}

/** What tells parts of a long recording apart, and of what kind a file is, stands at the end of its name. */
const endLength = 30;
const ellipsis = '...';

/** A name of at most so many UTF-16 units: its beginning and its end, of whole characters. */
export function shortened(name: string, maxLength: number): string {
  if (name.length <= maxLength) return name;
  const begin = name.slice(0, maxLength - endLength - ellipsis.length).replace(/[\uD800-\uDBFF]$/u, '');
  const end = name.slice(-endLength).replace(/^[\uDC00-\uDFFF]/u, '');
  return begin.trimEnd() + ellipsis + end.trimStart();
}
