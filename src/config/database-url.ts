/** What the others mean in libpq needs a second connection, which would hide that the first was not private. */
const modes = ['disable', 'require', 'verify-ca', 'verify-full'];

/** What an address of a database must be, for whoever has written another; it never holds what was written, since a password is part of it. */
export const databaseUrlRule = `must be an address such as postgresql://user:password@host:5432/phonograph, with no sslmode or one of ${modes.join(', ')}`;

/** Whether a text is the address of a database in PostgreSQL. */
export function isDatabaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, searchParams } = new URL(text);
  const mode = searchParams.get('sslmode');
  return /^postgres(?:ql)?:$/u.test(protocol) && pathname.length > 1 && (mode === null || modes.includes(mode));
}
