import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { attacks } from './attacks.ts';
import { openArena, type Arena } from './arena.ts';

let arena: Arena;
before(async () => {
  arena = await openArena({ effort: 1 });
});
after(() => arena[Symbol.asyncDispose]());

for (const { name, attack, twin } of attacks) {
  test(`the server stands ${name}, and does what is nearest to it`, async () => {
    await attack(arena.target);
    await twin(arena.target);
    await arena.isAlive();
  });
}

test('docs/security.md has each attack with its defence, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/security.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (?!attack |---)(?<attack>[^|]+) \| (?<defence>[^|]+) \|$/gmu)].map(
    ({ groups }) => [groups?.['attack'], groups?.['defence']],
  );
  assert.deepEqual(
    rows,
    attacks.map(({ name, defence }) => [name, defence]),
  );
});
