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
