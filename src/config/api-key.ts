import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Job } from '../jobs/job.ts';

/** What a key allows; in the settings in lower case. */
export const roles = ['ADMIN', 'USER', 'READER'] as const;
export type Role = (typeof roles)[number];

/** Who asks: the holder of a key, or, where no keys are needed, anybody at all. */
export interface Caller {
  /** The name of the key; null where none is needed. */
  readonly name: string | null;
  readonly role: Role;
  /** The key itself: a caller may have several. */
  readonly keyId: string | null;
}

/** Everybody, where no keys are needed. */
export const anybody: Caller = { name: null, role: 'ADMIN', keyId: null };

/** Whether a caller may see a job: a USER only own ones. */
export function sees({ role, name }: Caller, { owner }: Pick<Job, 'owner'>): boolean {
  return role !== 'USER' || owner === name;
}

/** A key as the server knows it: the token itself is with the caller alone. */
export interface ApiKey {
  readonly id: string;
  /** Who the caller is: in the queue, in idempotency keys, in what was changed by whom. */
  readonly name: string;
  readonly role: Role;
  /** Of the token, in hex. */
  readonly sha256: string;
}

export const keyName = /^[\w.-]{1,64}$/u;
export const keyNameRule = 'has 1 to 64 letters, digits, ".", "_" and "-"';

/** A role as the settings and the command line write it. */
export function roleOf(text: string): Role | undefined {
  return roles.find((role) => role.toLowerCase() === text);
}

const shape = /^(?<name>[\w.-]{1,64}):(?<role>\w+):(?<sha256>[\da-f]{64})$/iu;

/** The setting of one key, name:role:sha256. */
export const apiKeySchema = z.string().transform((text, { issues }): ApiKey => {
  const { name = '', role: given = '', sha256: hash = '' } = shape.exec(text)?.groups ?? {};
  const [role, sha256] = [roleOf(given), hash.toLowerCase()];
  // A setting has no id of its own; the same setting has the same after each start.
  if (role !== undefined)
    return { id: `key_${Buffer.from(sha256, 'hex').toString('base64url').slice(0, 21)}`, name, role, sha256 };
  const choices = roles.map((each) => each.toLowerCase()).join(', ');
  const message = `must be name:role:sha256 with a name of 1 to 64 letters, digits, ".", "_", "-", a role of ${choices}, and 64 hex digits`;
  issues.push({ code: 'custom', input: text, message });
  return z.NEVER;
});

/** Several keys of one name are one caller, who can have one role only. */
export function haveOneRoleEach(keys: readonly Pick<ApiKey, 'name' | 'role'>[]): boolean {
  return new Set(keys.map(({ name }) => name)).size === new Set(keys.map(({ name, role }) => `${name} ${role}`)).size;
}

/** 256 bits, which nobody guesses; the prefix is for programs that look for secrets in texts. */
export function newToken(): string {
  return `phonograph_${randomBytes(32).toString('base64url')}`;
}

/** By which the server knows a token again, in hex. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The setting that lets the holder of a token in. */
export function settingOf(name: string, role: Role, token: string): string {
  return `${name}:${role.toLowerCase()}:${hashOf(token)}`;
}
