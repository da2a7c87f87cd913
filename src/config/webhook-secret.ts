import { randomBytes } from 'node:crypto';

/** As Standard Webhooks has it (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md): 24 to 64 bytes in base64. */
const secretShape = /^whsec_(?<base64>(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/u;
const [minSecretBytes, maxSecretBytes] = [24, 64];
const longestSecret = 'whsec_'.length + Math.ceil(maxSecretBytes / 3) * 4;
export const secretRule = 'must be whsec_ and 24 to 64 bytes in base64';

/** Whether messages can be signed with it. */
export function isSecret(text: string): boolean {
  if (text.length > longestSecret) return false;
  const bytes = Buffer.from(secretShape.exec(text)?.groups?.['base64'] ?? '', 'base64').length;
  return bytes >= minSecretBytes && bytes <= maxSecretBytes;
}

/** 256 bits, which nobody guesses. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
