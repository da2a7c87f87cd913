import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What a key allows; there will be others beside everything. */
const roles = ['admin'] as const;

/** Who asks: the holder of a key, or, where no keys are needed, anybody at all. */
export interface Caller {
  /** The name of the key; null where none is needed. */
  readonly name: string | null;
  readonly role: (typeof roles)[number];
}

/** Everybody, where no keys are needed. */
export const anybody: Caller = { name: null, role: 'admin' };

/** A key as the server knows it: the token itself is with the caller alone. */
export interface ApiKey {
  /** Who the caller is: in the queue, in idempotency keys, in what was changed by whom. */
  readonly name: string;
  readonly role: (typeof roles)[number];
  /** Of the token, in hex. */
  readonly sha256: string;
}

const shape = /^(?<name>[\w.-]{1,64}):(?<role>\w+):(?<sha256>[\da-f]{64})$/iu;

/** The setting of one key, name:role:sha256. */
export const apiKeySchema = z.string().transform((text, { issues }): ApiKey => {
  const { name = '', role: given = '', sha256 = '' } = shape.exec(text)?.groups ?? {};
  const role = roles.find((each) => each === given);
  if (role !== undefined) return { name, role, sha256: sha256.toLowerCase() };
  const message = `must be name:role:sha256 with a name of 1 to 64 letters, digits, ".", "_", "-", the role ${roles.join(' or ')}, and 64 hex digits`;
  issues.push({ code: 'custom', input: text, message });
  return z.NEVER;
});

/** 256 bits, which nobody guesses; the prefix is for programs that look for secrets in texts. */
export function newToken(): string {
  return `phonograph_${randomBytes(32).toString('base64url')}`;
}

/** The setting that lets the holder of a token in as `name`; null where that cannot be a name. */
export function settingOf(name: string, token: string): string | null {
  const setting = `${name}:admin:${digest(token).toString('hex')}`;
  return shape.test(setting) ? setting : null;
}

/** The key whose token this is. Takes as long for a token that is nearly right as for any other, and for the first key as for the last. */
export function findKey(token: string, keys: readonly ApiKey[]): ApiKey | undefined {
  const shown = digest(token);
  return keys.filter(({ sha256 }) => timingSafeEqual(shown, Buffer.from(sha256, 'hex')))[0];
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
