import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSingleFlight } from '../../store/single-flight.ts';
import { type Chunk, Group } from './group.ts';
import { openTurns } from './turns.ts';

test('others have their turn while much is read of which nothing is to be told', async () => {
  const ready = Promise.withResolvers<void>();
  let wake: () => void = () => undefined;
  let [isFilled, othersHadTheirTurn] = [false, false];
  const group = new Group<never>({
    feed: {
      // Without waiting, as what is kept is answered.
      async read(place) {
        if (isFilled) return { items: [], upTo: Number(place) + 1, next: othersHadTheirTurn ? 'NOTHING' : 'MORE' };
        ready.resolve();
        return { items: [], upTo: 0, next: 'LATER' };
      },
      listen(listener) {
        wake = listener;
        return { [Symbol.dispose]: () => undefined };
      },
    },
    execute: () => Promise.reject(new Error('There is nothing to be told.')),
    chunks: openSingleFlight<Chunk>({ sizeOf: () => 1, maxSize: 1000 }),
    turns: openTurns(250),
    empty: () => undefined,
  });
  const outlet = { isClear: () => true, write: () => assert.fail('nothing is told') };
  const membership = group.join(0, outlet);
  membership.begin();
  await ready.promise;
  // Now it has everything, and is told by the group.
  await Promise.resolve();
  isFilled = true;
  setImmediate(() => (othersHadTheirTurn = true));
  wake();
  await membership.ended;
});
